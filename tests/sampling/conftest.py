"""A space small enough to list: every distinct architecture, by brute force over tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.sampling import Policy, Schedule, make_policy
from bnao.sampling.config import SamplingConfig
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.task import Task


@dataclass(frozen=True)
class Listed:
    """Every distinct architecture of a small space, with its sizes."""

    grammar: Grammar
    sizes: SizeTable
    architectures: list[Architecture]

    def size(self, kind: str) -> NDArray[np.float64]:
        """(P,) sizes, as the setting names them."""
        count = self.sizes.num_params if kind == "standalone" else self.sizes.num_chosen_params
        return count(self.architectures).astype(np.float64)

    def policy(
        self,
        pool: list[Architecture] | None = None,
        seed: int = 0,
        feasible: FeasibleSpace | None = None,
        schedule: Schedule | None = None,
        **settings: object,
    ) -> Policy:
        config = SamplingConfig(**settings)  # type: ignore[arg-type]
        space = FeasibleSpace(self.grammar) if feasible is None else feasible
        return make_policy(config, feasible=space, sizes=self.sizes, pool=pool, seed=seed, schedule=schedule)

    def expected(self, kind: str, exponent: float, floor: float) -> dict[str, float]:
        """The definition: max(size ** exponent, floor * mean)."""
        weights = self.size(kind) ** exponent
        weights = np.maximum(weights, floor * weights.mean())
        return dict(zip([a.id for a in self.architectures], weights, strict=True))


def _cells(nodes: int, operations: int) -> set[tuple[int, ...]]:
    """Every ordered cell, each node's two pairs then sorted: the distinct cells."""
    pairs = [[(i, o) for i in range(node + 2) for o in range(operations)] for node in range(nodes)]
    ordered = product(*(product(p, p) for p in pairs))
    return {tuple(t for node in cell for pair in sorted(node) for t in pair) for cell in ordered}


@cache
def _listed(nodes: int, operations: str, output: str) -> Listed:
    space = NaoCellSpace(SpaceConfig(nodes=nodes, operations=operations))
    task = Task(in_channels=3, image_size=(16, 16), num_classes=10)
    network = NetworkConfig(cells_per_stage=1, channels=4, output=output)  # type: ignore[arg-type]
    sizes = SizeTable(space.skeleton(network, task))
    cells = sorted(_cells(nodes, len(operations.split(","))))
    architectures = [space.grammar.architecture(a + b) for a in cells for b in cells]
    assert len({a.id for a in architectures}) == space.grammar.count()
    return Listed(space.grammar, sizes, architectures)


@pytest.fixture(scope="session")
def listed() -> Callable[..., Listed]:
    """``listed(nodes, operations, output)``."""

    def make(nodes: int = 1, operations: str = "sep_conv_3x3,max_pool_3x3", output: str = "concat") -> Listed:
        return _listed(nodes, operations, output)

    return make
