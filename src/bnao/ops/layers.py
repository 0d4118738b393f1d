"""Layers that operations and skeletons share. Convolutions have no bias, every batch norm is affine (METHOD)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bnao.errors import require
from bnao.ops.lean.conv_norm import conv_norm, weighted_norm


class ReluConvBN(nn.Sequential):
    """ReLU, convolution k x k (padding keeps ceil(h/stride)), batch norm: (B, c_in, h, w) -> (B, c_out, ...)."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(c_in, c_out, kernel, stride=stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(c_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Run the three; as one operation where that is faster."""
        relu, convolution, norm = self
        y = conv_norm(x, relu, [convolution], norm)
        return norm(convolution(relu(x))) if y is None else y


class FactorizedReduction(nn.Module):
    """Two 1x1 convolutions of stride 2, the second on the image shifted by one pixel, concatenated; one batch norm.

    (B, c_in, h, w) -> (B, c_out, ceil(h/2), ceil(w/2)). No activation of its own. ``c_out`` must be even.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        require(
            c_out % 2 == 0,
            "a factorized reduction halves its width, so widths must be even",
            c_out,
            "choose an even number of channels",
        )
        self.even = nn.Conv2d(c_in, c_out // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(c_in, c_out // 2, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """Reduce (B, c_in, h, w)."""
        shifted = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        halves = torch.cat([self.even(x), self.odd(shifted)], dim=1)
        y = weighted_norm(halves, False, (), (), self.norm)
        return self.norm(halves) if y is None else y
