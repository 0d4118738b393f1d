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
from bnao.ops.lean.conv_norm import conv_norm, weighted_norm


def every_pixel(x: Tensor, step: int, start: int = 0) -> Tensor:
    """Pixels start, start + step, ... of rows and columns: (B, c, h, w) -> a view (B, c, ceil((h - start)/step), ...).

    The gradient of ``x`` has its memory format: that of a slice is always contiguous, so images in channels-last memory
    are sliced as (B, h, w, c).
    """
    if x.is_contiguous(memory_format=torch.channels_last):
        return x.permute(0, 2, 3, 1)[:, start::step, start::step].permute(0, 3, 1, 2)
    return x[:, :, start::step, start::step]


class ReluConvBN(nn.Sequential):
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

    def forward(self, x: Tensor) -> Tensor:
        """Run the three; as one operation where that is faster."""
        relu, convolution, norm = self
        if self.pixel_step > 1:
            x = every_pixel(x, self.pixel_step)
        y = conv_norm(x, relu, [convolution], norm)
        return norm(convolution(relu(x))) if y is None else y


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
        shifted = F.pad(every_pixel(x, 2, 1), (0, width % 2, 0, height % 2))
        halves = torch.cat([self.even(every_pixel(x, 2)), self.odd(shifted)], dim=1)
        y = weighted_norm(halves, False, (), (), self.norm)
        return self.norm(halves) if y is None else y
