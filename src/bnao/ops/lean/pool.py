"""The average pool 3x3 of stride 1 with padding 1 as a convolution: faster than torch's own where channels are few."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bnao.ops.lean.normalise import NARROW
from bnao.ops.lean.when import applies, channels_last


def _average(x: Tensor) -> Tensor:
    """A ninth of the sum over each window, padding as zeros: a depthwise convolution, which is its own transpose."""
    channels = x.shape[1]
    return torch.conv2d(x, x.new_full((channels, 1, 3, 3), 1 / 9), padding=1, groups=channels)


def _count_inside(y: Tensor) -> Tensor:
    """From ninths to averages over the pixels inside the image: two thirds of a window lie inside at each border."""
    for border in (y[:, :, 0], y[:, :, -1], y[..., 0], y[..., -1]):
        border.mul_(1.5)
    return y


class AveragePool3x3(torch.autograd.Function):
    """Average over the pixels of the window inside the image: (B, C, h, w) -> the same shape, h and w at least 2."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Nothing is kept."""
        return _count_inside(channels_last(_average(x)))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """The transpose."""
        return _average(_count_inside(grads[0].clone(memory_format=torch.channels_last)))


def average_pool(x: Tensor) -> Tensor | None:
    """The pool of ``x`` (B, C, h, w); None where torch's own must run or is as fast."""
    if not applies(x) or x.shape[1] > NARROW or min(x.shape[2:]) < 2:
        return None
    return AveragePool3x3.apply(x)  # type: ignore[no-untyped-call, no-any-return]
