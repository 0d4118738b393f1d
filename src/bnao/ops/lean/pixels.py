"""Every so many-th pixel of images, with a gradient that is filled with zeros once, not once for each dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bnao.ops.lean.when import applies


def _seen(x: Tensor, step: int, start: int) -> Tensor:
    """The pixels as a view (B, rows, columns, c)."""
    return x.permute(0, 2, 3, 1)[:, start::step, start::step]


class EveryPixel(torch.autograd.Function):
    """Pixels start, start + step, ... of rows and columns, copied, for each start. It can be differentiated once."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, step: int, starts: Sequence[int]) -> tuple[Tensor, ...]:
        """(B, c, h, w) -> for each start (B, c, ceil((h - start) / step), ceil((w - start) / step))."""
        ctx.step, ctx.starts, ctx.shape = step, starts, x.shape
        ctx.set_materialize_grads(False)
        return tuple(_seen(x, step, start).contiguous().permute(0, 3, 1, 2) for start in starts)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, None, None]:
        """Each gradient in its place."""
        given = [(start, grad) for start, grad in zip(ctx.starts, grads, strict=True) if grad is not None]
        if not given:
            return None, None, None
        batch, channels, height, width = ctx.shape
        out = given[0][1].new_zeros(batch, height, width, channels).permute(0, 3, 1, 2)
        for start, grad in given:
            _seen(out, ctx.step, start).copy_(grad.permute(0, 2, 3, 1))
        return out, None, None


def every_pixel(x: Tensor, step: int, starts: Sequence[int] = (0,), *, training: bool = True) -> tuple[Tensor, ...]:
    """Pixels start, start + step, ... of rows and columns, for each start: (B, c, ceil((h - start) / step), ...).

    Starts differ, and are below the step. ``training``: whether the module that asks is. The gradient of ``x`` has its
    memory format: that of a slice is always contiguous, so images in channels-last memory are sliced as (B, h, w, c).
    """
    if training and applies(x):
        return EveryPixel.apply(x, step, starts)  # type: ignore[no-untyped-call, no-any-return]
    if x.is_contiguous(memory_format=torch.channels_last):
        return tuple(_seen(x, step, start).permute(0, 3, 1, 2) for start in starts)
    return tuple(x[:, :, start::step, start::step] for start in starts)
