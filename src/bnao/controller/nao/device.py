"""Where the controller runs: device by name, and one thread for its small tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bnao.errors import require


def resolve_device(name: str) -> torch.device:
    """``cpu``, ``cuda``, or ``auto``: CUDA if there is one. Raises SettingError if ``cuda`` is asked for in vain."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    require(
        name != "cuda" or torch.cuda.is_available(), "device cuda needs a GPU that torch sees", name, "use cpu or auto"
    )
    return torch.device(name)


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread inside, the caller's number again after: matrices of 100 x 64 only lose by threads, and results
    do not depend on how many there were."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
