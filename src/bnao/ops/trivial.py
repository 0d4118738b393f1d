"""Identity and zero."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bnao.errors import require
from bnao.ops.base import OPERATIONS, Operation
from bnao.ops.layers import FactorizedReduction


@dataclass(frozen=True)
class Identity(Operation):
    """The input itself; where size and width change, a factorized reduction."""

    @property
    def name(self) -> str:
        """``identity``."""
        return "identity"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """(B, c_in, h, w) -> (B, c_out, ceil(h/stride), ceil(w/stride)); a change of width needs stride 2."""
        if stride == 1 and c_in == c_out:
            return nn.Identity()
        require(
            stride == 2, "identity keeps its width at stride 1", (c_in, c_out, stride), "give equal widths or stride 2"
        )
        return FactorizedReduction(c_in, c_out)


class ZeroOutput(nn.Module):
    """Zeros of the output's shape; the input's values and gradients do not pass."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(B, c, h, w) -> zeros (B, c, ceil(h/stride), ceil(w/stride))."""
        return torch.zeros_like(x[:, :, :: self.stride, :: self.stride])


@dataclass(frozen=True)
class Zero(Operation):
    """No connection."""

    @property
    def name(self) -> str:
        """``zero``."""
        return "zero"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """(B, c, h, w) -> zeros of the strided shape."""
        require(c_in == c_out, "zero keeps its width", (c_in, c_out), "give equal input and output channels")
        return ZeroOutput(stride)


OPERATIONS.register("identity", Identity())
OPERATIONS.register("zero", Zero())
