"""Gradients of convolutions; depthwise ones in forms that torch has fast code for on CPU.

Measured (docs/log.md): the gradient of a depthwise weight is fast for kernels of up to three columns without dilation
only, so that of a wider one is put together from narrow ones; the gradient of the input is the convolution with the
flipped kernel.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_backward = torch.ops.aten.convolution_backward.default


class Geometry(NamedTuple):
    """How a convolution without bias moves over its image; the same in both directions."""

    stride: int
    padding: int
    dilation: int
    groups: int


POINTWISE = Geometry(stride=1, padding=0, dilation=1, groups=1)
"""Of a 1x1 convolution."""


def convolve(x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """``torch.conv2d`` of ``x`` (B, C, h, w)."""
    return torch.conv2d(x, weight, None, *geometry)


def plain_gradients(
    grad: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, of_x: bool, of_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients of input and weight as torch computes them."""
    stride, padding, dilation, groups = geometry
    pairs = ([stride, stride], [padding, padding], [dilation, dilation])
    dx, dw, _ = _backward(grad, x, weight, None, *pairs, False, [0, 0], groups, [of_x, of_weight, False])
    return dx, dw


def is_wide(weight: Tensor, geometry: Geometry) -> bool:
    """Whether each channel has a kernel of its own, square, of odd size from 5 on, and the image keeps its size."""
    kernel = weight.shape[2]
    return (
        kernel > 3
        and kernel % 2 == 1
        and weight.shape[1:] == (1, kernel, kernel)
        and 1 < geometry.groups == weight.shape[0]
        and geometry.stride == 1
        and geometry.padding == geometry.dilation * (kernel // 2)
    )


class Shiftable:
    """A copy of ``x`` (B, C, h, w) in channels-last memory with ``spare`` pixels of zeros around."""

    def __init__(self, x: Tensor, spare: int) -> None:
        self._shape = x.shape
        self._margin = spare * x.shape[1]
        self._memory = x.new_empty(x.numel() + 2 * self._margin)
        self._memory[: self._margin].zero_()
        self._memory[self._memory.numel() - self._margin :].zero_()
        self.shifted(0).copy_(x)

    def shifted(self, pixels: int) -> Tensor:
        """Each pixel is the one ``pixels`` later in memory; at the end of a row, that is one of the next."""
        batch, channels, height, width = self._shape
        start = self._margin + pixels * channels
        flat = self._memory[start : start + batch * channels * height * width]
        return flat.view(batch, height, width, channels).permute(0, 3, 1, 2)


def _wide_weight_gradient(grad: Tensor, x: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """The gradient for the input ``x``. ``grad`` may be changed.

    Of a kernel without dilation, the three middle columns are one narrow kernel. Every other column is a kernel of one
    column over a shifted image; where the shift takes a pixel of another row, the column saw padding, so ``grad`` is
    zero there.
    """
    if geometry.dilation > 1:
        _, gradient = plain_gradients(grad, x, weight, geometry, False, True)
        assert gradient is not None
        return gradient
    half = weight.shape[2] // 2
    image = Shiftable(x, half)
    out = torch.empty_like(weight)
    out[..., half - 1 : half + 2] = _columns(grad, image.shifted(0), weight[..., half - 1 : half + 2], geometry, 1)
    for shift in (*range(-half, -1), *range(2, half + 1)):
        with _Outside(grad, shift):
            column = slice(half + shift, half + shift + 1)
            out[..., column] = _columns(grad, image.shifted(shift), weight[..., column], geometry, 0)
    return out


def _columns(grad: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, padding: int) -> Tensor:
    """The gradient of some columns of a kernel."""
    pairs = ([1, 1], [geometry.padding, padding], [1, 1])
    _, gradient, _ = _backward(grad, x, weight, None, *pairs, False, [0, 0], geometry.groups, [False, True, False])
    return gradient  # type: ignore[no-any-return]


class _Outside:
    """Within the block, ``grad`` is zero in the columns for which ``shift`` leads out of the image."""

    def __init__(self, grad: Tensor, shift: int) -> None:
        self._view = grad[..., :-shift] if shift < 0 else grad[..., max(0, grad.shape[3] - shift) :]
        self._kept = self._view.clone()

    def __enter__(self) -> None:
        self._view.zero_()

    def __exit__(self, *error: object) -> None:
        self._view.copy_(self._kept)


def gradients(
    grad: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, of_x: bool, of_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Of a convolution of ``x``: of its input, in memory of its own, and of its weight. ``grad`` may be changed."""
    if not is_wide(weight, geometry):
        return plain_gradients(grad, x, weight, geometry, of_x, of_weight)
    d_x = convolve(grad, weight.flip(2, 3), geometry) if of_x else None
    return d_x, _wide_weight_gradient(grad, x, weight, geometry) if of_weight else None
