"""The cells that the study ranks, and what is true of them: NAS-Bench-201 on CIFAR-10.

Set A (500 cells) is for choosing, sets B and C (1000 each) are for the report: each was opened once, for what had been
fixed before. All are rows of the table in one random order, without cells whose output is cut off from the input, and
of isomorphic cells the first alone; so no network is in two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.sizes import SizeTable
from bnao.evaluation.tables import Table
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nasbench201 import NasBench201Space
from bnao.spaces.nasbench201.cells import OPERATION_NAMES, is_connected
from bnao.task import Task

SPACE = NasBench201Space(SpaceConfig(name="nasbench201"))
SIZES = {"A": 500, "B": 1000, "C": 1000}


@dataclass(frozen=True)
class Cells:
    """P cells and their figures. Sizes are parameters of the benchmark's own network (C = 16, N = 5)."""

    architectures: list[Architecture]
    truth_P: NDArray[np.float64]  # test accuracy in [0, 1] after 200 epochs, mean over the table's seeds
    params_P: NDArray[np.int64]  # of the cell as the table has it
    live_params_P: NDArray[np.int64]  # without operations that lead nowhere
    counts_PO: NDArray[np.int64]  # live skips, convolutions 1x1 and 3x3, pools

    def __len__(self) -> int:
        return len(self.architectures)


def evaluation_cells(table: Table, name: str) -> Cells:
    """Set ``name`` (A, B or C) of the table."""
    chosen: list[int] = []
    seen: set[str] = set()
    for row in generator(0, "ranking", "cells").permutation(len(table)).tolist():
        cell = table.architectures[row]
        if cell.id not in seen and is_connected(cell.tokens):
            seen.add(cell.id)
            chosen.append(row)
    start = sum(size for other, size in SIZES.items() if other < name)
    rows = chosen[start : start + SIZES[name]]
    return _cells([table.architectures[row] for row in rows], table.test_accuracy_P[rows])


def _cells(drawn: list[Architecture], truth_P: NDArray[np.float64]) -> Cells:
    live = [SPACE.live(cell) for cell in drawn]
    cifar = Task(in_channels=3, image_size=(32, 32), num_classes=10)
    sizes = SizeTable(SPACE.skeleton(NetworkConfig(cells_per_stage=5, channels=16), cifar))  # the benchmark's own
    operations = range(1, len(OPERATION_NAMES))
    return Cells(
        architectures=[SPACE.grammar.canonical(cell) for cell in drawn],
        truth_P=truth_P,
        params_P=sizes.num_params(drawn),
        live_params_P=sizes.num_params(live),
        counts_PO=np.array([[cell.tokens.count(operation) for operation in operations] for cell in live]),
    )


def training_pool() -> list[Architecture]:
    """All distinct cells whose output depends on the input: what every configuration trains on."""
    cells = (SPACE.grammar.nth(k) for k in range(SPACE.grammar.count()))
    return [cell for cell in cells if is_connected(cell.tokens)]
