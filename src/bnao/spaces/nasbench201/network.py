"""The networks of NAS-Bench-201: stem, three stages of N cells with a residual block before the second and third, head.

One module class serves the supernet and stand-alone networks. A batch of B images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.ops import Operation
from bnao.ops.layers import ReluConvBN
from bnao.ops.lean.conv_norm import conv_norm
from bnao.ops.shared import Shared
from bnao.spaces.nasbench201.cells import EDGES, NONE
from bnao.spaces.progress import DropPath

STAGES = 3
STATES = 4
EdgeTokens = tuple[int, ...]


class Cell(nn.Module):
    """State i is the sum of its edges' operations; an edge that is ``none`` has no module. (B, c, h, w) -> the same."""

    def __init__(self, operations: Mapping[str, nn.Module], drop_path: DropPath) -> None:
        super().__init__()
        self.operations = nn.ModuleDict(operations)
        self.drop_path = drop_path

    def forward(self, x: Tensor) -> Tensor:
        """Run the cell; a state that nothing enters is zero."""
        states: list[Shared | None] = [Shared(x)]
        for target in range(1, STATES):
            state = self.state(target, states)
            states.append(None if state is None else Shared(state))
        return output_of([None if state is None else state.tensor for state in states])

    def state(self, target: int, states: Sequence[Shared | None]) -> Tensor | None:
        """State ``target`` of the states before it; None if nothing enters it."""
        assert states[0] is not None, "state 0 is the cell's input"
        found: Tensor | None = None
        for source in range(target):
            key = edge_name(target, source)
            if key in self.operations:
                origin = states[source] or Shared(torch.zeros_like(states[0].tensor))
                y = origin.into(self.operations[key])
                found = self.drop_path(y) if found is None else self.drop_path.add(found, y)
        return found


def operations_of(network: nn.Module) -> list[nn.Module]:
    """The operations of all cells of a network without choices."""
    return [operation for cell in network.modules() if isinstance(cell, Cell) for operation in cell.operations.values()]


def output_of(states: Sequence[Tensor | None]) -> Tensor:
    """A cell's output: its last state; zeros if nothing enters that."""
    assert states[0] is not None, "state 0 is the cell's input"
    return torch.zeros_like(states[0]) if states[-1] is None else states[-1]


def edge_name(target: int, source: int) -> str:
    """The name of an edge's module, ``edge_TARGET_SOURCE``."""
    return f"edge_{target}_{source}"


def build_cell(channels: int, tokens: EdgeTokens, operations: tuple[Operation, ...], drop_path: DropPath) -> Cell:
    """A stand-alone network's cell with modules of its own."""
    return Cell(
        {
            edge_name(*edge): operations[token].build(channels, channels, 1)
            for edge, token in zip(EDGES, tokens, strict=True)
            if token != NONE
        },
        drop_path,
    )


class SuperCell(nn.Module):
    """A cell that holds all candidates of each edge: a choice."""

    def __init__(self, channels: int, operations: tuple[Operation, ...], drop_path: DropPath) -> None:
        super().__init__()
        self.candidates = nn.ModuleDict(
            {
                f"{edge_name(*edge)}_op{token}": operation.build(channels, channels, 1)
                for edge in EDGES
                for token, operation in enumerate(operations)
                if token != NONE
            }
        )
        self.drop_path = drop_path

    def resolve(self, architecture: Architecture) -> Cell:
        """The architecture's cell, sharing modules with this one."""
        chosen = {
            edge_name(*edge): self.candidates[f"{edge_name(*edge)}_op{token}"]
            for edge, token in zip(EDGES, architecture.tokens, strict=True)
            if token != NONE
        }
        cell = Cell(chosen, self.drop_path)
        cell.training = self.training
        return cell

    def forward(self, x: Tensor) -> Tensor:
        """A choice cannot run: raises AssertionError. Run ``supernet.path(architecture)`` instead."""
        raise AssertionError("an unresolved choice was called: run supernet.path(architecture), not the supernet")


class Stem(nn.Sequential):
    """Convolution 3x3 and batch norm: (B, in, h, w) -> (B, C, h, w)."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__(nn.Conv2d(in_channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Run both; as one operation where that is faster."""
        convolution, norm = self
        y = conv_norm(x, (None, [convolution], norm))
        return norm(convolution(x)) if y is None else y


class ResidualBlock(nn.Module):
    """Halves the image, doubles the width: (B, c, h, w) -> (B, 2c, ceil(h/2), ceil(w/2)).

    Twice ReLU-conv3x3-BN, the first of stride 2, beside an average pool 2x2 and a convolution 1x1.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(ReluConvBN(c_in, c_out, 3, stride=2), ReluConvBN(c_out, c_out, 3))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(c_in, c_out, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Both ways added."""
        return self.shortcut(x) + self.body(x)  # type: ignore[no-any-return]


class Head(nn.Module):
    """Batch norm, ReLU, global average pool, dropout, linear: (B, c, h, w) -> logits (B, classes)."""

    def __init__(self, channels: int, num_classes: int, dropout_keep: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout(1.0 - dropout_keep)
        self.linear = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify."""
        return self.linear(self.dropout(self.norm(x).relu().mean(dim=(2, 3))))  # type: ignore[no-any-return]


class BenchNetwork(nn.Module):
    """(B, in, h, w) -> logits (B, classes). ``make_cell(layer, channels)``, layers from 1."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        cells_per_stage: int,
        num_classes: int,
        dropout_keep: float,
        make_cell: Callable[[int, int], nn.Module],
    ) -> None:
        super().__init__()
        self.stem = Stem(in_channels, channels)
        stages, layer = [], 0
        for stage in range(STAGES):
            width = channels * 2**stage
            parts: list[nn.Module] = [ResidualBlock(width // 2, width)] if stage else []
            for _ in range(cells_per_stage):
                layer += 1
                parts.append(make_cell(layer, width))
            stages.append(nn.Sequential(*parts))
        self.stages = nn.Sequential(*stages)
        self.head = Head(channels * 2 ** (STAGES - 1), num_classes, dropout_keep)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images."""
        return self.head(self.stages(self.stem(x)))  # type: ignore[no-any-return]
