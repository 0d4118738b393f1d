"""Where a network runs: its device, its memory format, and how many CPU threads torch uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

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


def place(module: nn.Module, device: torch.device) -> nn.Module:
    """Move ``module`` to ``device`` in channels-last memory (measured on CPU: less than half the time of a step).

    A network with weights of five dimensions (convolutions of volumes) keeps its memory format.
    """
    if any(p.dim() == 5 for p in module.parameters()):
        return module.to(device)
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def network_inputs(inputs: Any) -> Any:
    """A batch's inputs as networks take them: images (B, C, H, W) in channels-last memory, all else as it is."""
    if isinstance(inputs, Tensor):
        return inputs.contiguous(memory_format=torch.channels_last) if inputs.dim() == 4 else inputs
    if isinstance(inputs, dict):
        return {name: network_inputs(value) for name, value in inputs.items()}
    if isinstance(inputs, (tuple, list)):
        return tuple(network_inputs(value) for value in inputs)
    return inputs


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Use ``count`` CPU threads within the context; the former number is restored."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
