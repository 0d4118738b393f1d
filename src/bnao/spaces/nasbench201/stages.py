"""How networks of NAS-Bench-201 begin alike: the stem, and states 1 and 2 of the first cell.

All cells of a network are one cell, so from the second one on everything depends on all six edges. In the first cell
state 1 depends on one edge (5 cases), states 1 and 2 on three (125 cases). A *state* is the tuple of the cell's states
as far as they are known; None is one that nothing enters.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.ops.shared import Shared
from bnao.spaces.nasbench201.cells import EDGES
from bnao.spaces.nasbench201.network import STATES, BenchNetwork, Cell, SuperCell, edge_name, output_of
from bnao.spaces.stages import Stage, StagesOf

States = tuple[Tensor | None, ...]


def stages_of(network: BenchNetwork) -> StagesOf:
    """The stages of a supernet's networks."""
    parts = [part for stage in network.stages.children() for part in stage.children()]
    supercell = parts[0]
    assert isinstance(supercell, SuperCell), "a supernet begins with a supernet's cell"

    def stages(architecture: Architecture) -> list[Stage]:
        first = supercell.resolve(architecture)
        tokens = dict(zip(EDGES, architecture.tokens, strict=True))
        early = [
            Stage((target, *(tokens[target, source] for source in range(target))), _State(target, first))
            for target in range(1, STATES - 1)
        ]
        last = _State(STATES - 1, first)
        return [
            Stage("stem", _Stem(network.stem)), *early,
            Stage(architecture.tokens, _Rest(last, parts[1:], network.head)),
        ]  # fmt: skip

    return stages


class _Stem(nn.Module):
    """Images -> the first cell's input, its state 0."""

    def __init__(self, stem: nn.Module) -> None:
        super().__init__()
        self.stem = stem

    def forward(self, x: Tensor) -> States:
        return (self.stem(x),)


class _State(nn.Module):
    """One more state of the first cell: its operations on the edges into it."""

    def __init__(self, target: int, first: Cell) -> None:
        super().__init__()
        names = [edge_name(target, source) for source in range(target)]
        held = {name: first.operations[name] for name in names if name in first.operations}
        self.target, self.cell = target, Cell(held, first.drop_path)

    def forward(self, states: States) -> States:
        return *states, self.cell.state(self.target, [None if state is None else Shared(state) for state in states])


class _Rest(nn.Module):
    """The first cell's last state, the other cells and residual blocks, the head: states -> logits."""

    def __init__(self, last: nn.Module, parts: Sequence[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.last, self.parts, self.head = last, nn.Sequential(*parts), head

    def forward(self, states: States) -> Tensor:
        return self.head(self.parts(output_of(self.last(states))))  # type: ignore[no-any-return]
