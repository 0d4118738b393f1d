"""Plain convolutions, as NAS-Bench-201 has them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from bnao.ops.base import OPERATIONS, Operation
from bnao.ops.layers import ReluConvBN


@dataclass(frozen=True)
class Convolution(Operation):
    """ReLU, convolution k x k, batch norm."""

    kernel: int

    @property
    def name(self) -> str:
        """``nor_conv_KxK``, the name in NAS-Bench-201."""
        return f"nor_conv_{self.kernel}x{self.kernel}"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """(B, c_in, h, w) -> (B, c_out, ceil(h/stride), ceil(w/stride))."""
        return ReluConvBN(c_in, c_out, self.kernel, stride)


for _kernel in (1, 3):
    OPERATIONS.register(Convolution(_kernel).name, Convolution(_kernel))
