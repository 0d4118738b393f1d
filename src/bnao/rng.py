"""Named child generators: randomness is an argument, never a global state.

A stream is addressed by the run's seed and a path of names, ``generator(seed, "supernet", round, step)``. The same
address gives the same stream on every machine and after every restart, so a resumed run has no generator state to
restore.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

Name = str | int


def _entropy(seed: int, names: tuple[Name, ...]) -> int:
    text = repr((int(seed), *(n if isinstance(n, str) else int(n) for n in names)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def generator(seed: int, *names: Name) -> np.random.Generator:
    """A numpy generator for the stream at ``(seed, *names)``.

    >>> bool(generator(0, "pool").integers(10**9) == generator(0, "pool").integers(10**9))
    True
    """
    return np.random.Generator(np.random.PCG64(_entropy(seed, names)))


def torch_seed(seed: int, *names: Name) -> int:
    """A seed in [0, 2**63) for ``torch.manual_seed`` or ``torch.Generator.manual_seed`` at ``(seed, *names)``."""
    return _entropy(seed, ("torch", *names)) % 2**63


def gpus_of(device: torch.device) -> list[int]:
    """The number of the GPU that ``device`` is, for ``torch.random.fork_rng``; none where it is no GPU."""
    import torch

    if device.type != "cuda":
        return []
    return [torch.cuda.current_device() if device.index is None else device.index]


@contextmanager
def torch_stream(seed: int, *names: Name, device: torch.device | None = None) -> Iterator[None]:
    """Within the context torch's draws come from ``(seed, *names)``, on the CPU and on ``device`` if it is a GPU.

    The global generators are left as they were.
    """
    import torch

    gpus = [] if device is None else gpus_of(device)
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(torch_seed(seed, *names))
        for gpu in gpus:
            torch.cuda.default_generators[gpu].manual_seed(torch_seed(seed, *names))
        yield
