"""The smallest and the largest architecture of a pool or of a space.

Shapes: P architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.arch.grammar import ENUMERABLE
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling.base import PolicySetup
from bnao.sampling.draws import fewer

DRAWS = 4096
"""Uniform draws from which the climb in a large space starts."""
FEWEST = 64
"""Where limits make draws dear the climb starts from fewer, but not fewer than so many."""
CLIMBERS = 8
"""Best architectures that are kept and mutated further."""
MUTANTS = 64
"""Mutations tried at once; each differs from its climber in one decision."""
PATIENCE = 12
"""The climb ends after so many times :data:`MUTANTS` that brought nothing better."""
_BLOCK = 8192

Count = Callable[[Sequence[Architecture]], NDArray[np.int64]]


@dataclass(frozen=True)
class Extremes:
    """The smallest and the largest architecture with their sizes, and in ``how`` one word on how they are known."""

    smallest: Architecture
    largest: Architecture
    smallest_size: int
    largest_size: int
    how: str

    def describe(self) -> str:
        """Such as ``sizes 1,204 to 5,830 (exact)``."""
        return f"sizes {self.smallest_size:,} to {self.largest_size:,} ({self.how})"


def find_extremes(setup: PolicySetup) -> Extremes:
    """By ``setup.size``: of the pool, or of the feasible space, as ``setup.config.over`` says; canonical, the same in
    every run. Exact in a pool and in spaces of at most 100,000 architectures. Of a larger space the best of
    :data:`DRAWS` draws are mutated as long as that finds better ones, and the result is called approximate.

    Raises SettingError for a missing or empty pool.
    """
    grammar = setup.feasible.grammar
    if setup.config.over == "pool":
        pool = setup.require_pool()
        if not pool:
            raise SettingError("sampling over a pool needs one; received an empty pool: give architectures")
        ends, how = _ends(list(pool), setup.size), "exact"
    elif grammar.count() <= ENUMERABLE:
        ends, how = _listed_ends(setup.feasible, setup.size), "exact"
    else:
        smallest = _climb(setup.feasible, setup.size, -1)
        largest = _climb(setup.feasible, setup.size, +1)
        ends, how = _ends([smallest, largest], setup.size), "approximate, by climbing"
    smallest, largest = (grammar.canonical(a) for a in ends)
    sizes = setup.size([smallest, largest])
    return Extremes(smallest, largest, int(sizes[0]), int(sizes[1]), how)


def _ends(architectures: list[Architecture], count: Count) -> list[Architecture]:
    """The smallest and the largest, each the first of its size."""
    sizes_P = count(architectures)
    return [architectures[int(sizes_P.argmin())], architectures[int(sizes_P.argmax())]]


def _listed_ends(feasible: FeasibleSpace, count: Count) -> list[Architecture]:
    """The ends of a space that is looked at in full."""
    grammar, total = feasible.grammar, feasible.grammar.count()
    found: list[Architecture] = []
    for start in range(0, total, _BLOCK):
        block = [grammar.nth(k) for k in range(start, min(start + _BLOCK, total))]
        kept = [a for a, keep in zip(block, feasible.contains_each(block), strict=True) if keep]
        found += _ends(kept, count) if kept else []
    feasible.require_not_empty()
    return _ends(found, count)


def _climb(feasible: FeasibleSpace, count: Count, sign: int) -> Architecture:
    """The largest (``sign`` 1) or smallest (-1) architecture that climbing finds."""
    rng = generator(0, "sampling", "extremes", sign)

    def best(architectures: list[Architecture]) -> tuple[list[Architecture], int]:
        scores_P = sign * count(architectures)
        order = np.argsort(-scores_P, kind="stable")[:CLIMBERS]
        return [architectures[int(k)] for k in order], int(scores_P[order[0]])

    climbers, top = best(feasible.sample(fewer(DRAWS, feasible.share, FEWEST), rng))
    barren = 0
    while barren < PATIENCE:
        mutants = [feasible.mutate(climbers[k % len(climbers)], rng) for k in range(MUTANTS)]
        distinct = list({a.id: a for a in climbers + mutants}.values())
        climbers, now = best(distinct)
        barren, top = (0, now) if now > top else (barren + 1, top)
    return climbers[0]
