"""Layers that operations and skeletons share. Convolutions have no bias, every batch norm is affine (METHOD).

A 1x1 convolution of stride s is one of stride 1 on every s-th pixel, and has that form here: it is faster on CPU, and
the gradient of the other form's weight makes torch 2.13 crash there (fewer than 16 channels, images of 48 pixels or
more).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bnao.errors import require
from bnao.ops.lean.conv_norm import conv_norm
from bnao.ops.lean.pixels import every_pixel
from bnao.ops.lean.when import is_traced
from bnao.ops.shared import ReluFirst


class ReluConvBN(ReluFirst):
    """ReLU, convolution k x k (padding keeps ceil(h/stride)), batch norm: (B, c_in, h, w) -> (B, c_out, ...).

    ``pixel_step`` is the stride where the kernel is 1x1, else 1: the convolution sees every so many-th pixel.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int = 1, stride: int = 1) -> None:
        conv_stride, pixel_step = (1, stride) if kernel == 1 else (stride, 1)
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(c_in, c_out, kernel, stride=conv_stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(c_out),
        )
        self.pixel_step = pixel_step

    def can_share(self) -> bool:
        """Not where only some pixels are seen, for the ReLU is of those alone."""
        return self.pixel_step == 1 and super().can_share()

    def forward(self, x: Tensor, rectified: Tensor | None = None) -> Tensor:
        """Run the three, or those behind the first if ``rectified`` is given; as one operation where that is faster."""
        first, convolution, norm = self
        relu = first if rectified is None else None
        if rectified is not None:
            x = rectified
        if self.pixel_step > 1:
            (x,) = every_pixel(x, self.pixel_step, training=self.training)
        y = conv_norm(x, (relu, [convolution], norm))
        if y is not None:
            return y
        return norm(convolution(x if relu is None else relu(x)))  # type: ignore[no-any-return]


class FactorizedReduction(nn.Module):
    """Two 1x1 convolutions of stride 2, the second on the image shifted by one pixel, concatenated; one batch norm.

    (B, c_in, h, w) -> (B, c_out, ceil(h/2), ceil(w/2)). No activation of its own. ``c_out`` must be even.
    The strides are taken from the image before the convolutions: ``even`` sees pixels 0, 2, ..., ``odd`` 1, 3, ...
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        require(
            c_out % 2 == 0,
            "a factorized reduction halves its width, so widths must be even",
            c_out,
            "choose an even number of channels",
        )
        self.even = nn.Conv2d(c_in, c_out // 2, 1, bias=False)
        self.odd = nn.Conv2d(c_in, c_out // 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """Reduce (B, c_in, h, w)."""
        height, width = x.shape[2:]
        even, odd = every_pixel(x, 2, (0, 1), training=self.training)
        if is_traced() or height % 2 or width % 2:  # a trace is for images of other sizes too
            odd = F.pad(odd, (0, width % 2, 0, height % 2))
        halves = torch.cat([self.even(even), self.odd(odd)], dim=1)
        y = conv_norm(halves, (None, (), self.norm))
        return self.norm(halves) if y is None else y
