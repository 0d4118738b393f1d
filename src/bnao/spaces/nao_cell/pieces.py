"""What NAO networks consist of: units that a vectorised count multiplies, made of pieces that are counted once.

Shapes: P architectures, F units, K pieces; O operations, n nodes. Units, in this order:

    0                      what every network has
    1 .. O                 operation o in the normal cell (all normal cells of the network at once)
    .. O                   operation o in the reduction cell on an inner state (stride 1)
    .. O                   operation o in the reduction cell on input 0 or 1 (stride 2)
    .. n+1                 the normal cell has u = 1 .. n+1 unused states
    .. n+1                 the reduction cell has u = 1 .. n+1 unused states
    .. 1                   an unused input of the reduction cell, once for each
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.ops import Operation
from bnao.ops.layers import FactorizedReduction
from bnao.spaces.base import Catalogue, Piece
from bnao.spaces.config import NetworkConfig
from bnao.spaces.nao_cell.additive import CellSums, NaoAdditiveSampler
from bnao.spaces.nao_cell.layers import AuxiliaryHead, Head, Projection, build_calibration, build_stem, must_halve
from bnao.spaces.nao_cell.plan import NORMAL, REDUCTION, CellPlan, NetworkPlan, Source


class PieceTable(Catalogue):
    """The catalogue of one skeleton: ``pieces`` (K) and ``unit_pieces`` (F, K)."""

    def __init__(
        self,
        plan: NetworkPlan,
        config: NetworkConfig,
        num_classes: int,
        nodes: int,
        operations: tuple[Operation, ...],
    ) -> None:
        self.nodes, self.num_operations = nodes, len(operations)
        self._plan, self._config, self._num_classes, self._operations = plan, config, num_classes, operations
        self._index: dict[tuple[object, ...], int] = {}
        self._pieces: list[Piece] = []
        self._entries: list[tuple[int, int]] = []
        self._collect()
        self.pieces = tuple(self._pieces)
        self.unit_pieces = np.zeros((self.num_units, len(self.pieces)), dtype=np.int64)
        np.add.at(self.unit_pieces, tuple(np.array(self._entries).T), 1)

    # ---- the layout of units ----

    @property
    def num_units(self) -> int:
        """F."""
        return 1 + 3 * self.num_operations + 2 * (self.nodes + 1) + 1

    def operation_unit(self, kind: int, operation: int, stride: int) -> int:
        """The unit of an operation in a cell of this kind."""
        group = 0 if kind == NORMAL else stride
        return 1 + group * self.num_operations + operation

    def unused_unit(self, kind: int, unused: int) -> int:
        """The unit of a cell of this kind having ``unused`` >= 1 unused states."""
        return 3 * self.num_operations + kind * (self.nodes + 1) + unused

    # ---- what the units contain ----

    def _add(
        self,
        unit: int,
        key: tuple[object, ...],
        build: Callable[[], nn.Module],
        *shapes: tuple[int, ...],
        chosen: bool = False,
        auxiliary: bool = False,
    ) -> None:
        if key not in self._index:
            self._index[key] = len(self._pieces)
            self._pieces.append(Piece(build, shapes, chosen, auxiliary))
        self._entries.append((unit, self._index[key]))

    def _by_width(self, source: Source, add: Callable[[int, int], None]) -> None:
        """Call ``add(unit, width)`` for each width that ``source`` can have."""
        if source.kind is None:
            add(0, source.channels)
        else:
            for unused in range(1, self.nodes + 2):
                add(self.unused_unit(source.kind, unused), source.channels * unused)

    def _collect(self) -> None:
        plan, config = self._plan, self._config
        self._add(0, ("stem",), lambda: build_stem(plan.stem, plan.image[0], config.channels), plan.image)
        for cell in plan.cells:
            self._collect_cell(cell)

        def head(unit: int, width: int) -> None:
            shape = (width, *plan.output.size)
            self._add(unit, ("head", width), lambda: Head(width, self._num_classes, 1.0), shape)

        def auxiliary(unit: int, width: int) -> None:
            def build() -> nn.Module:
                return AuxiliaryHead(width, self._num_classes, plan.stem)

            self._add(unit, ("auxiliary", width), build, (width, *plan.auxiliary.size), auxiliary=True)

        self._by_width(plan.output, head)
        if config.auxiliary:
            self._by_width(plan.auxiliary, auxiliary)

    def _collect_cell(self, cell: CellPlan) -> None:
        c = cell.channels
        for source in (cell.older, cell.newer):
            halve = must_halve(source, cell.size_in)

            def calibration(unit: int, width: int, source: Source = source, halve: bool = halve) -> None:
                key = ("calibration", width, c, halve, source.size)
                self._add(unit, key, lambda: build_calibration(width, c, halve), (width, *source.size))

            self._by_width(source, calibration)
        for index, operation in enumerate(self._operations):
            for stride in (1, 2) if cell.kind == REDUCTION else (1,):
                size = cell.size_in if stride == 2 else cell.size_out

                def build(operation: Operation = operation, stride: int = stride) -> nn.Module:
                    return operation.build(c, c, stride)

                unit = self.operation_unit(cell.kind, index, stride)
                self._add(unit, ("op", operation.name, c, stride, size), build, (c, *size), chosen=True)
        if cell.kind == REDUCTION:
            key = ("reduction", c, cell.size_in)
            self._add(self.num_units - 1, key, lambda: FactorizedReduction(c, c), (c, *cell.size_in))
        if self._config.output == "project":
            for unused in range(1, self.nodes + 2):
                states = tuple(range(unused))

                def projection(states: tuple[int, ...] = states) -> nn.Module:
                    return ListInput(Projection(c, states))

                unit = self.unused_unit(cell.kind, unused)
                shapes = ((c, *cell.size_out),) * unused
                self._add(unit, ("projection", c, unused, cell.size_out), projection, *shapes)

    # ---- counting architectures ----

    def units(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, F) counts of each unit."""
        num, nodes, ops = len(architectures), self.nodes, self.num_operations
        out = np.zeros((num, self.num_units), dtype=np.int64)
        if num == 0:
            return out
        tokens = np.array([a.tokens for a in architectures], dtype=np.int64).reshape(num, 2, 2 * nodes, 2)
        rows = np.arange(num)
        out[:, 0] = 1
        for kind in (NORMAL, REDUCTION):
            sources, chosen = tokens[:, kind, :, 0], tokens[:, kind, :, 1]
            groups = np.where(sources < 2, 2, 1) if kind == REDUCTION else np.zeros_like(sources)
            np.add.at(out, (rows[:, None], 1 + groups * ops + chosen), 1)
            used = np.zeros((num, nodes + 2), dtype=np.bool_)
            used[rows[:, None], sources] = True
            out[rows, 3 * ops + kind * (nodes + 1) + (nodes + 2 - used.sum(1))] = 1
            if kind == REDUCTION:
                out[:, -1] = 2 - used[:, :2].sum(1)
        return out

    def upper_bound(self, values_F: NDArray[np.float64]) -> float:
        """Fixed part + the dearest operation for each pair + the dearest number of unused states + both inputs unused.

        Each term bounds its part of any architecture's sum, and values are not negative, so the sum bounds it too.
        """
        ops = self.num_operations
        normal, inner, outer = (float(values_F[1 + g * ops : 1 + (g + 1) * ops].max()) for g in range(3))
        total = float(values_F[0]) + 2 * self.nodes * normal
        total += sum(2 * (outer if node == 0 else max(inner, outer)) for node in range(self.nodes))
        for kind in (NORMAL, REDUCTION):
            first = self.unused_unit(kind, 1)
            total += float(values_F[first : first + self.nodes + 1].max())
        return total + 2 * float(values_F[-1])

    def additive_sampler(self, values_F: NDArray[np.int64], exponent: int) -> NaoAdditiveSampler:
        """Exact draws over the whole space in proportion to ``(units @ values_F) ** exponent``."""
        values, ops, order = [int(v) for v in values_F], self.num_operations, max(1, exponent)

        def cell(kind: int) -> CellSums:
            def end(outer: int, inner: int) -> int:
                unused = values[self.unused_unit(kind, self.nodes + 2 - outer - inner)]
                return unused + (values[-1] * (2 - outer) if kind == REDUCTION else 0)

            first = [self.operation_unit(kind, 0, stride) for stride in (2, 1)]
            return CellSums(self.nodes, [values[f : f + ops] for f in first], end, order)

        return NaoAdditiveSampler(values[0], cell(NORMAL), cell(REDUCTION), self.nodes, exponent)


class ListInput(nn.Module):
    """Gives a module that takes one list of tensors the tensors as separate arguments."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        """Call the module with the list of inputs."""
        return self.module(list(inputs))  # type: ignore[no-any-return]
