"""How NAO networks begin alike: the stem, the nodes of the first cell one by one, the normal cells before a reduction.

All normal cells are one cell, so two networks that share the first node share it in the first cell alone: from the
second cell on every node depends on the whole normal cell. Two networks with one normal cell share all cells before the
first reduction, which are the most expensive ones; that is what a mutation of the reduction cell leaves.

A *state* is the tuple (older, newer) of two cells' outputs. Within the first cell it is the second input as it came and
then the cell's states as far as they are known.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.ops.shared import Shared
from bnao.spaces.nao_cell.cell import Cell, SuperCell, run_node
from bnao.spaces.nao_cell.grammar import Pair
from bnao.spaces.nao_cell.network import NaoNetwork
from bnao.spaces.nao_cell.plan import NORMAL
from bnao.spaces.progress import DropPath
from bnao.spaces.stages import Stage, StagesOf

States = tuple[Tensor, ...]


def stages_of(network: NaoNetwork) -> StagesOf:
    """The stages of a supernet's networks. In eval mode: no auxiliary head runs."""
    supercells = [cell for cell in network.cells if isinstance(cell, SuperCell)]
    assert len(supercells) == len(network.cells), "a supernet consists of supernet cells"
    leading = next((k for k, cell in enumerate(supercells) if cell.kind != NORMAL), len(supercells))

    def stages(architecture: Architecture) -> list[Stage]:
        first = supercells[0].resolve(architecture)
        pairs = first.wiring.nodes
        nodes = [
            Stage((f"node {k}", pair), _Node(pair, first.operations[2 * k : 2 * k + 2], first.drop_path))
            for k, pair in enumerate(pairs)
        ]
        return [
            Stage("stem", network.stem),
            Stage("inputs", _Inputs(first)),
            *nodes,
            Stage(pairs, _Output(first, supercells[1:leading])),
            Stage(architecture.tokens, _Rest(supercells[leading:], network.head)),
        ]

    return stages


class _Inputs(nn.Module):
    """(older, newer) -> newer, and both as the first cell's states 0 and 1."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.calibrations = cell.calibrations

    def forward(self, state: States) -> States:
        older, newer = state
        return newer, self.calibrations[0](older), self.calibrations[1](newer)


class _Node(nn.Module):
    """One more state of the first cell."""

    def __init__(self, pair: tuple[Pair, Pair], operations: nn.ModuleList, drop_path: DropPath) -> None:
        super().__init__()
        self.pair, self.operations, self.drop_path = pair, operations, drop_path

    def forward(self, state: States) -> States:
        return *state, run_node(self.pair, self.operations, self.drop_path, Shared.of(*state[1:]))


class _Output(nn.Module):
    """The first cell's output of its states, and the normal cells that follow: -> (older, newer)."""

    def __init__(self, first: Cell, cells: Sequence[nn.Module]) -> None:
        super().__init__()
        self.first, self.cells = first, nn.ModuleList(cells)

    def forward(self, state: States) -> States:
        return run_cells(self.cells, state[0], self.first.output(state[1:]))


class _Rest(nn.Module):
    """The other cells and the head: (older, newer) -> logits."""

    def __init__(self, cells: Sequence[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.cells, self.head = nn.ModuleList(cells), head

    def forward(self, state: States) -> Tensor:
        return self.head(run_cells(self.cells, *state)[1])  # type: ignore[no-any-return]


def run_cells(cells: nn.ModuleList, older: Tensor, newer: Tensor) -> tuple[Tensor, Tensor]:
    """The last two outputs of ``cells`` in a row."""
    for cell in cells:
        older, newer = newer, cell(older, newer)
    return older, newer
