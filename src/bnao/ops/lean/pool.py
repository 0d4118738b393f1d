"""Pools 3x3 of stride 1 with padding 1, in few passes over memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bnao.ops.lean.normalise import channels_last


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
    def forward(ctx: Any, x: Tensor) -> Tensor:  # type: ignore[override]
        """Nothing is kept."""
        return _count_inside(channels_last(_average(x)))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """The transpose."""
        return _average(_count_inside(grads[0].clone(memory_format=torch.channels_last)))


class MaxPool3x3(torch.autograd.Function):
    """Maximum over the window: (B, C, h, w) -> the same shape, h and w at least 2.

    By rows and then by columns, each as maxima of neighbours, of neighbours. Where values are equal the first in the
    order of memory gets the gradient, as in torch. Only the input is kept.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # type: ignore[override]
        """Four passes."""
        ctx.save_for_backward(x)
        return _of_three(_of_two(_of_three(_of_two(x, 3), 3), 2), 2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """The maxima are computed again, and the gradient goes back to whichever was larger."""
        (x,) = ctx.saved_tensors
        pairs = _of_two(x, 3)
        rows = _of_three(pairs, 3)
        squares = _of_two(rows, 2)
        grad = _of_three_backward(channels_last(grads[0]), squares, 2)
        grad = _of_two_backward(grad, rows, 2)
        grad = _of_three_backward(grad, pairs, 3)
        return _of_two_backward(grad, x, 3)


def _split(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """All but the last, and all but the first."""
    size = x.shape[dim] - 1
    return x.narrow(dim, 0, size), x.narrow(dim, 1, size)


def _of_two(x: Tensor, dim: int) -> Tensor:
    """Maxima of neighbours: one less."""
    return torch.maximum(*_split(x, dim))


def _of_three(pairs: Tensor, dim: int) -> Tensor:
    """From the maxima of neighbours to those over windows of three: one more, for at the ends a window is a pair."""
    size = pairs.shape[dim]
    shape = list(pairs.shape)
    shape[dim] += 1
    out = torch.empty(shape, dtype=pairs.dtype, memory_format=torch.channels_last)
    out.select(dim, 0).copy_(pairs.select(dim, 0))
    out.select(dim, size).copy_(pairs.select(dim, size - 1))
    torch.maximum(*_split(pairs, dim), out=out.narrow(dim, 1, size - 1))
    return out


def _to_later(grad: Tensor, x: Tensor, dim: int) -> Tensor:
    """The part of the gradient of neighbours' maxima that goes to the later one: where it is larger, all of it."""
    first, later = _split(x, dim)
    larger = torch.gt(later, first, out=torch.empty_like(grad))
    return larger.mul_(grad)


def _of_two_backward(grad: Tensor, x: Tensor, dim: int) -> Tensor:
    out = torch.empty_like(x, memory_format=torch.channels_last)
    size = grad.shape[dim]
    moved = _to_later(grad, x, dim)
    torch.sub(grad, moved, out=out.narrow(dim, 0, size))
    out.select(dim, size).zero_()
    out.narrow(dim, 1, size).add_(moved)
    return out


def _of_three_backward(grad: Tensor, pairs: Tensor, dim: int) -> Tensor:
    size = pairs.shape[dim]
    inner = grad.narrow(dim, 1, size - 1)
    out = torch.empty_like(pairs, memory_format=torch.channels_last)
    moved = _to_later(inner, pairs, dim)
    torch.sub(inner, moved, out=out.narrow(dim, 0, size - 1))
    out.select(dim, size - 1).copy_(grad.select(dim, size))
    out.narrow(dim, 1, size - 1).add_(moved)
    out.select(dim, 0).add_(grad.select(dim, 0))
    return out
