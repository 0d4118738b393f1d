"""Parameters and multiply-adds of one module, by running it on the meta device: shapes only, no arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

_WITHOUT_MACS = (nn.BatchNorm2d, nn.ReLU)
"""Modules that keep the shape and have no multiply-adds."""


@dataclass(frozen=True)
class Count:
    """``num_params`` trainable numbers; ``macs`` multiply-adds of convolutions and linear layers for one image."""

    num_params: int
    macs: int


def count_built(build: Callable[[], nn.Module], input_shapes: Sequence[tuple[int, ...]]) -> Count:
    """Count the module that ``build`` makes, for one image of each of ``input_shapes`` (C, H, W).

    >>> count_built(lambda: nn.Conv2d(3, 8, 3, padding=1, bias=False), [(3, 32, 32)])
    Count(num_params=216, macs=221184)
    """
    with torch.device("meta"):
        module = build().eval()
    for part in module.modules():
        if type(part) in _WITHOUT_MACS:
            part.forward = partial(_passed, part)  # on the meta device these would take most of the time
    return count_module(module, input_shapes)


def count_module(module: nn.Module, input_shapes: Sequence[tuple[int, ...]]) -> Count:
    """Count a module that lives on the meta device, in the mode it is in."""
    inputs = [torch.empty((1, *shape), device="meta") for shape in input_shapes]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return Count(sum(p.numel() for p in module.parameters()), counter.get_total_flops() // 2)


def _passed(part: nn.Module, x: Tensor) -> Tensor:
    """``x`` as it is, unless ``part`` does not take it."""
    if isinstance(part, nn.BatchNorm2d) and x.shape[1:2] != (part.num_features,):
        return nn.BatchNorm2d.forward(part, x)  # raises
    return x
