"""Placing a network on a device in the memory format that convolutions are fastest in."""

from __future__ import annotations

import torch
from torch import nn


def place(module: nn.Module, device: torch.device) -> nn.Module:
    """Move ``module`` to ``device`` in channels-last memory (measured on CPU: less than half the time of a step)."""
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
