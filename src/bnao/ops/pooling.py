"""Pooling 3x3. No batch norm; padding is not counted in the average."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from bnao.errors import require
from bnao.ops.base import OPERATIONS, Operation
from bnao.ops.lean.pool import average_pool


class AvgPool2d(nn.AvgPool2d):
    """Torch's, 3x3 with padding 1 that is not counted; in training at stride 1 in another form where that is faster."""

    def __init__(self, stride: int) -> None:
        super().__init__(3, stride=stride, padding=1, count_include_pad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, c, h, w) -> (B, c, ceil(h/stride), ceil(w/stride))."""
        y = average_pool(x) if self.training and self.stride == 1 else None
        return super().forward(x) if y is None else y


def _same_width(name: str, c_in: int, c_out: int) -> None:
    require(c_in == c_out, f"{name} keeps its width", (c_in, c_out), "give equal input and output channels")


@dataclass(frozen=True)
class AveragePool(Operation):
    """Average over the pixels of the 3x3 window that lie inside the image."""

    @property
    def name(self) -> str:
        """``avg_pool_3x3``."""
        return "avg_pool_3x3"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """(B, c, h, w) -> (B, c, ceil(h/stride), ceil(w/stride))."""
        _same_width(self.name, c_in, c_out)
        return AvgPool2d(stride)


@dataclass(frozen=True)
class MaxPool(Operation):
    """Maximum over a 3x3 window."""

    @property
    def name(self) -> str:
        """``max_pool_3x3``."""
        return "max_pool_3x3"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """(B, c, h, w) -> (B, c, ceil(h/stride), ceil(w/stride))."""
        _same_width(self.name, c_in, c_out)
        return nn.MaxPool2d(3, stride=stride, padding=1)


OPERATIONS.register("avg_pool_3x3", AveragePool())
OPERATIONS.register("max_pool_3x3", MaxPool())
