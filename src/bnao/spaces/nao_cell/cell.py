"""A NAO cell with fixed wiring, and the supernet's cell that resolves to it.

One ``forward`` serves the stand-alone network and the supernet's path; they differ only in whose modules they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.ops import Operation
from bnao.ops.layers import FactorizedReduction
from bnao.ops.shared import Shared
from bnao.spaces.nao_cell.grammar import NaoCellGrammar, Pair
from bnao.spaces.nao_cell.layers import Projection, build_calibration, must_halve
from bnao.spaces.nao_cell.plan import REDUCTION, CellPlan, Unused
from bnao.spaces.progress import DropPath


@dataclass(frozen=True)
class Wiring:
    """One cell of an architecture: its nodes' pairs, and the states that no node uses."""

    nodes: tuple[tuple[Pair, Pair], ...]

    @property
    def unused(self) -> tuple[int, ...]:
        """States (inputs 0 and 1 included) that no node uses: the cell's output, in order."""
        used = {source for node in self.nodes for source, _ in node}
        return tuple(state for state in range(len(self.nodes) + 2) if state not in used)


def wirings(grammar: NaoCellGrammar, architecture: Architecture) -> tuple[Wiring, Wiring]:
    """The normal and the reduction cell of an architecture."""
    normal, reduction = grammar.nodes_of(architecture.tokens)
    return Wiring(tuple(normal)), Wiring(tuple(reduction))


def stride_of(plan: CellPlan, source: int) -> int:
    """Stride of an operation on state ``source``: 2 on the two inputs of a reduction cell."""
    return 2 if plan.kind == REDUCTION and source < 2 else 1


class Cell(nn.Module):
    """(older, newer) -> output. Nodes are sums of two operations; unused states are concatenated, perhaps projected."""

    def __init__(
        self,
        wiring: Wiring,
        *,
        calibrations: tuple[nn.Module, nn.Module],
        operations: list[nn.Module],
        reductions: dict[int, nn.Module],
        projection: nn.Module | None,
        drop_path: DropPath,
    ) -> None:
        super().__init__()
        self.wiring = wiring
        self.outputs = wiring.unused
        self.calibrations = nn.ModuleList(calibrations)
        self.operations = nn.ModuleList(operations)
        self.reductions = nn.ModuleDict({str(state): module for state, module in reductions.items()})
        self.projection = projection
        self.drop_path = drop_path

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """Run the cell."""
        inputs = Shared.of(older, newer)
        states = [state.through(layer) for state, layer in zip(inputs, self.calibrations, strict=True)]
        for node, pair in enumerate(self.wiring.nodes):
            operations = (self.operations[2 * node], self.operations[2 * node + 1])
            states.append(Shared(run_node(pair, operations, self.drop_path, states)))
        return self.output([state.tensor for state in states])

    def output(self, states: Sequence[Tensor]) -> Tensor:
        """The cell's output, given all its states."""
        outputs = [
            self.reductions[str(state)](states[state]) if str(state) in self.reductions else states[state]
            for state in self.outputs
        ]
        if self.projection is not None:
            return self.projection(outputs)  # type: ignore[no-any-return]
        return torch.cat(outputs, dim=1)


def operations_of(network: nn.Module) -> list[nn.Module]:
    """The operations of all cells of a network without choices."""
    return [operation for cell in network.modules() if isinstance(cell, Cell) for operation in cell.operations]


def run_node(
    pair: tuple[Pair, Pair], operations: Iterable[nn.Module], drop_path: DropPath, states: Sequence[Shared]
) -> Tensor:
    """A node's state: the sum of its two operations on their inputs."""
    ((left, _), (right, _)), (first, second) = pair, operations
    total = drop_path(states[left].into(first))
    return drop_path.add(total, states[right].into(second))


def build_cell(
    plan: CellPlan,
    wiring: Wiring,
    unused: Unused,
    operations: tuple[Operation, ...],
    project: bool,
    drop_path: DropPath,
) -> Cell:
    """A stand-alone network's cell with modules of its own."""
    c = plan.channels
    return Cell(
        wiring,
        calibrations=calibrations(plan, unused),
        operations=[
            operations[op].build(c, c, stride_of(plan, source)) for node in wiring.nodes for source, op in node
        ],
        reductions={s: FactorizedReduction(c, c) for s in wiring.unused if stride_of(plan, s) == 2},
        projection=Projection(c, wiring.unused) if project else None,
        drop_path=drop_path,
    )


def calibrations(plan: CellPlan, unused: Unused) -> tuple[nn.Module, nn.Module]:
    """Fresh modules that bring the cell's two inputs to its width and size."""
    return (
        build_calibration(plan.older.width(unused), plan.channels, must_halve(plan.older, plan.size_in)),
        build_calibration(plan.newer.width(unused), plan.channels, False),
    )


class SuperCell(nn.Module):
    """A cell that holds every candidate: a choice. Weights are kept per (node, side, operation, input).

    ``resolve(architecture)`` gives the :class:`Cell` of the architecture, made of this cell's modules. Batch norms are
    part of the operations, so their statistics are kept per instance too (METHOD notes this as our deviation).
    With ``share_sides`` the two sides of a node, which are symmetric, share their candidates: half the weights, each
    trained twice as often.
    """

    def __init__(
        self,
        plan: CellPlan,
        grammar: NaoCellGrammar,
        operations: tuple[Operation, ...],
        drop_path: DropPath,
        share_sides: bool,
    ) -> None:
        super().__init__()
        c, self.kind, self.grammar = plan.channels, plan.kind, grammar
        self.sides = 1 if share_sides else 2
        first, second = calibrations(plan, (1, 1))
        self.calibrations = nn.ModuleList([first, second])
        self.candidates = nn.ModuleDict(
            {
                _key(node, side, op, source): operation.build(c, c, stride_of(plan, source))
                for node in range(grammar.nodes)
                for side in range(self.sides)
                for op, operation in enumerate(operations)
                for source in range(node + 2)
            }
        )
        self.reductions = nn.ModuleDict(
            {str(state): FactorizedReduction(c, c) for state in range(2) if stride_of(plan, state) == 2}
        )
        self.projection = Projection(c, tuple(range(grammar.nodes + 2)))
        self.drop_path = drop_path

    def resolve(self, architecture: Architecture) -> Cell:
        """The architecture's cell, sharing modules with this one."""
        wiring = wirings(self.grammar, architecture)[self.kind]
        cell = Cell(
            wiring,
            calibrations=(self.calibrations[0], self.calibrations[1]),
            operations=[
                self.candidates[_key(node, side % self.sides, op, source)]
                for node, pairs in enumerate(wiring.nodes)
                for side, (source, op) in enumerate(pairs)
            ],
            reductions={s: self.reductions[str(s)] for s in wiring.unused if str(s) in self.reductions},
            projection=self.projection.select(wiring.unused),
            drop_path=self.drop_path,
        )
        cell.training = self.training
        return cell

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """A choice cannot run: raises AssertionError. Run ``supernet.path(architecture)`` instead."""
        raise AssertionError("an unresolved choice was called: run supernet.path(architecture), not the supernet")


def _key(node: int, side: int, operation: int, source: int) -> str:
    return f"node{node}_side{side}_op{operation}_input{source}"
