"""Where a network runs: its device, its precision there, and how many CPU threads torch uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from bnao.errors import require
from bnao.training.config import TrainingConfig


def resolve_device(name: str) -> torch.device:
    """``cpu``, ``cuda``, or ``auto``: CUDA if there is one. Raises SettingError if ``cuda`` is asked for in vain."""
    available = torch.cuda.is_available()
    require(name != "cuda" or available, "device cuda needs a GPU that torch sees", name, "use cpu or auto")
    return torch.device("cuda" if name != "cpu" and available else "cpu")


def with_precision(config: TrainingConfig, device: torch.device) -> TrainingConfig:
    """``config`` with the precision that ``auto`` means on ``device``: bfloat16 where CUDA has it, float32 elsewhere.

    >>> with_precision(TrainingConfig(precision="auto"), torch.device("cpu")).precision
    'float32'
    """
    if config.precision != "auto":
        return config
    bfloat16 = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return replace(config, precision="bfloat16" if bfloat16 else "float32")


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use ``count`` CPU threads within the context; the former number is restored."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
