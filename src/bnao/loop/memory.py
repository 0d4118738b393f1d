"""Memory that ran out: an error that says at what, and which setting takes less."""

from __future__ import annotations

import re

from bnao.errors import RunError

_WORDS = re.compile(r"out of memory|can't allocate memory|not enough memory|alloc_cpu|cannot allocate memory", re.I)
_BYTES = re.compile(r"allocate (\d+(?:\.\d+)? ?\w*)", re.I)

SETTINGS = {
    "data": "data.resolution or data.max_train_images",
    "supernet": "supernet.training.batch_size or supernet.network.channels",
    "scoring": "scoring.batch_size",
    "check": "rerank.training.batch_size or rerank.network.channels",
    "rerank": "rerank.training.batch_size or rerank.network.channels",
    "random": "rerank.training.batch_size or rerank.network.channels",
    "choose": "scoring.batch_size",
    "finalists": "rerank.training.batch_size or rerank.network.channels",
    "controller": "controller.batch_size",
    "final": "final.training.batch_size or final.network.channels",
    "measure": "data.resolution",
    "train": "training.batch_size, network.channels or data.resolution",
    "latency": "limits.latency_batch",
    "plan": "batch_size or channels of the networks that are timed",
    "steps": "batch_size or channels of the networks that are tried",
}
"""What to lower, by the kind of stage."""


class OutOfMemoryError(RunError):
    """There is not enough memory for a step; the message says which setting needs less."""


def ran_out(error: BaseException) -> bool:
    """Whether this is Python's or torch's way of saying that memory ran out, on the CPU or a GPU."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and _WORDS.search(str(error)) is not None


def memory_error(stage: str, error: BaseException) -> RunError:
    """The error for ``stage`` to show in place of ``error``.

    >>> print(memory_error("final", RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ...")))
    final needs more memory than there is (2.00 GiB at once): end other programs, or search anew with a lower \
final.training.batch_size or final.network.channels
    """
    asked = _BYTES.search(str(error))
    size = asked[1].strip() if asked else ""
    much = f" ({size}{' bytes' if size.isdecimal() else ''} at once)" if size else ""
    setting = SETTINGS.get(stage.partition("-")[0], "batch_size")
    how = f"{'train' if stage == 'train' else 'search'} anew with a lower {setting}"
    if stage == "rank":
        how = "use fewer processes (--processes 1); finished trainings are kept"
    return OutOfMemoryError(f"{stage} needs more memory than there is{much}: end other programs, or {how}")
