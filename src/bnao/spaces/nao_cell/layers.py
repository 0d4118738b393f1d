"""Stems, input calibration, output projection and heads of the NAO network (docs/method.md)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bnao.ops.layers import FactorizedReduction, ReluConvBN
from bnao.ops.lean.conv_norm import conv_norm
from bnao.ops.lean.project import project_norm
from bnao.spaces.nao_cell.plan import Source


class CifarStem(nn.Module):
    """Convolution 3x3 to 3C and batch norm; both inputs of the first cell are its output."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 3 * channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(3 * channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, in, h, w) -> twice the same (B, 3C, h, w)."""
        y = conv_norm(x, (None, [self.conv], self.norm))
        if y is None:
            y = self.norm(self.conv(x))
        return y, y


class ImageNetStem(nn.Module):
    """Three 3x3 convolutions of stride 2; the first cell's inputs have strides 4 and 8, both of width C."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.quarter = nn.Sequential(
            nn.Conv2d(in_channels, channels // 2, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels // 2),
            nn.ReLU(),
            nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.eighth = ReluConvBN(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, in, h, w) -> (B, C, h/4, w/4) and (B, C, h/8, w/8), rounded up."""
        older = self.quarter(x)
        return older, self.eighth(older)


def build_stem(stem: str, in_channels: int, channels: int) -> nn.Module:
    """The stem called ``cifar`` or ``imagenet``."""
    return CifarStem(in_channels, channels) if stem == "cifar" else ImageNetStem(in_channels, channels)


def build_calibration(width: int, channels: int, halve: bool) -> nn.Module:
    """Bring a cell's input of ``width`` to ``channels``: reduction if it must be halved, 1x1 if the width differs."""
    if halve:
        return nn.Sequential(nn.ReLU(), FactorizedReduction(width, channels))
    return nn.Identity() if width == channels else ReluConvBN(width, channels)


class Projection(nn.Module):
    """ReLU, 1x1 convolution and batch norm over the concatenated unused states: (B, u C, h, w) -> (B, C, h, w).

    The convolution's weight is kept in one (C, C, 1, 1) slice for each state, named by the state, so that a supernet's
    path and a stand-alone network have the same parameters under the same names.
    """

    def __init__(self, channels: int, states: tuple[int, ...]) -> None:
        super().__init__()
        self.states = states
        self.slices = nn.ParameterDict(
            {str(state): nn.Parameter(torch.empty(channels, channels, 1, 1)) for state in states}
        )
        self.norm = nn.BatchNorm2d(channels)

    @torch.no_grad()
    def initialise_whole(self) -> None:
        """Kaiming-normal as one (C, u C, 1, 1) weight: for a network whose u states are known (stand-alone)."""
        for weight in self.slices.values():
            nn.init.kaiming_normal_(weight)
            weight.div_(len(self.states) ** 0.5)

    def select(self, states: tuple[int, ...]) -> Projection:
        """The projection of these states alone, sharing this one's slices and batch norm."""
        part = Projection.__new__(Projection)
        nn.Module.__init__(part)
        part.states = states
        part.slices = nn.ParameterDict({str(state): self.slices[str(state)] for state in states})
        part.norm = self.norm
        part.train(self.training)
        return part

    def forward(self, outputs: list[Tensor]) -> Tensor:
        """Project the outputs of ``states``, in their order."""
        slices = [self.slices[str(state)] for state in self.states]
        y = project_norm(outputs, slices, self.norm)
        if y is None:
            y = self.norm(F.conv2d(F.relu(torch.cat(outputs, dim=1)), torch.cat(slices, dim=1)))
        return y


class Head(nn.Module):
    """Global average pool, dropout, linear: (B, width, h, w) -> logits (B, classes)."""

    def __init__(self, width: int, num_classes: int, dropout_keep: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(1.0 - dropout_keep)
        self.linear = nn.Linear(width, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify."""
        return self.linear(self.dropout(x.mean(dim=(2, 3))))  # type: ignore[no-any-return]


class AuxiliaryHead(nn.Module):
    """ReLU, average pool 5, 1x1 to 128, BN, ReLU, 2x2 to 768, BN, ReLU, linear; no padding, nothing in place.

    The pool's stride is 3 behind a CIFAR stem, 2 behind an ImageNet stem. What spatial extent is left (none at the
    paper's image sizes) is averaged.
    """

    def __init__(self, width: int, num_classes: int, stem: str) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(5, stride=3 if stem == "cifar" else 2),
            nn.Conv2d(width, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 768, 2, bias=False),
            nn.BatchNorm2d(768),
            nn.ReLU(),
        )
        self.linear = nn.Linear(768, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) -> logits (B, classes)."""
        return self.linear(self.features(x).mean(dim=(2, 3)))  # type: ignore[no-any-return]


def must_halve(source: Source, size: tuple[int, int]) -> bool:
    """Whether a cell input of this source must be halved to reach ``size``."""
    return source.size != size
