"""What NAS-Bench-201 networks consist of.

Shapes: P architectures, F units, K pieces. Units: what every network has, then one for each operation but ``none``
(of all cells of the network at once, on one edge).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.ops import OPERATIONS, Operation
from bnao.spaces.base import Catalogue, Piece
from bnao.spaces.config import NetworkConfig
from bnao.spaces.nasbench201.cells import EDGES, NONE, OPERATION_NAMES
from bnao.spaces.nasbench201.network import STAGES, Head, ResidualBlock, Stem
from bnao.spaces.resolution import reduced
from bnao.task import Task

CANDIDATES = tuple(
    OPERATIONS.get({"none": "zero", "skip_connect": "identity"}.get(name, name)) for name in OPERATION_NAMES
)
"""The operations, by the numbers of their tokens."""


class PieceTable(Catalogue):
    """Stem, head, two residual blocks, and each operation at each width."""

    def __init__(self, config: NetworkConfig, task: Task) -> None:
        image = (task.in_channels, *task.image_size)
        found: list[tuple[Piece, int, int]] = [  # each piece, the unit that contains it, and how often
            (Piece(lambda: Stem(image[0], config.channels), (image,)), 0, 1),
        ]
        size, width = task.image_size, config.channels
        for stage in range(STAGES):
            if stage:
                found.append((_residual(width, size), 0, 1))
                size, width = reduced(size, 2), 2 * width
            shape = (width, *size)
            for unit, operation in enumerate(CANDIDATES):
                if unit != NONE:
                    found.append((_candidate(operation, width, shape), unit, config.cells_per_stage))
        found.append((Piece(lambda: Head(width, task.num_classes, 1.0), ((width, *size),)), 0, 1))
        self.pieces = tuple(piece for piece, _, _ in found)
        self.unit_pieces = np.zeros((len(OPERATION_NAMES), len(found)), dtype=np.int64)
        for column, (_, unit, times) in enumerate(found):
            self.unit_pieces[unit, column] = times

    def units(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, F): 1, and how many edges have each operation but ``none``."""
        tokens_PT = np.array([a.tokens for a in architectures], dtype=np.int64).reshape(-1, len(EDGES))
        counts = [(tokens_PT == token).sum(1) for token in range(1, len(OPERATION_NAMES))]
        return np.stack([np.ones(len(tokens_PT), dtype=np.int64), *counts], axis=1)

    def upper_bound(self, unit_values_F: NDArray[np.float64]) -> float:
        """The dearest operation on every edge: exact."""
        return float(unit_values_F[0]) + len(EDGES) * max(0.0, float(unit_values_F[1:].max()))


def _residual(width: int, size: tuple[int, int]) -> Piece:
    return Piece(lambda: ResidualBlock(width, 2 * width), ((width, *size),))


def _candidate(operation: Operation, width: int, shape: tuple[int, int, int]) -> Piece:
    return Piece(lambda: operation.build(width, width, 1), (shape,), chosen=True)
