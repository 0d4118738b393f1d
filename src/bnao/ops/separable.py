"""Depthwise-separable convolutions, plain (applied twice) and dilated (applied once)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from bnao.ops.base import OPERATIONS, Operation
from bnao.ops.lean.conv_norm import Layers, conv_norm
from bnao.ops.shared import ReluFirst


class SeparableUnits(ReluFirst):
    """Units of four layers each (ReLU, depthwise k x k, pointwise 1x1, batch norm), one after another."""

    def forward(self, x: Tensor, rectified: Tensor | None = None) -> Tensor:
        """Run the layers, behind the first if ``rectified`` is what it gives; as one operation where that is faster."""
        layers = list(self)
        units: list[Layers] = [(layers[k], layers[k + 1 : k + 3], layers[k + 3]) for k in range(0, len(layers), 4)]
        if rectified is not None:
            x, units[0] = rectified, (None, *units[0][1:])
        y = conv_norm(x, *units)
        if y is not None:
            return y
        for layer in layers if rectified is None else layers[1:]:
            x = layer(x)
        return x


def _unit(c_in: int, c_out: int, kernel: int, stride: int, dilation: int = 1) -> list[nn.Module]:
    padding = dilation * (kernel - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(c_in, c_in, kernel, stride=stride, padding=padding, dilation=dilation, groups=c_in, bias=False),
        nn.Conv2d(c_in, c_out, 1, bias=False),
        nn.BatchNorm2d(c_out),
    ]


@dataclass(frozen=True)
class SeparableConv(Operation):
    """Twice (ReLU, depthwise k x k, pointwise 1x1, batch norm); only the first depthwise has the stride."""

    kernel: int

    @property
    def name(self) -> str:
        """``sep_conv_KxK``."""
        return f"sep_conv_{self.kernel}x{self.kernel}"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """(B, c_in, h, w) -> (B, c_out, ceil(h/stride), ceil(w/stride))."""
        return SeparableUnits(*_unit(c_in, c_in, self.kernel, stride), *_unit(c_in, c_out, self.kernel, 1))


@dataclass(frozen=True)
class DilatedConv(Operation):
    """Once (ReLU, depthwise k x k of dilation 2, pointwise 1x1, batch norm)."""

    kernel: int

    @property
    def name(self) -> str:
        """``dil_conv_KxK``."""
        return f"dil_conv_{self.kernel}x{self.kernel}"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """(B, c_in, h, w) -> (B, c_out, ceil(h/stride), ceil(w/stride))."""
        return SeparableUnits(*_unit(c_in, c_out, self.kernel, stride, dilation=2))


for _kernel in (3, 5, 7):
    OPERATIONS.register(SeparableConv(_kernel).name, SeparableConv(_kernel))
    OPERATIONS.register(DilatedConv(_kernel).name, DilatedConv(_kernel))
