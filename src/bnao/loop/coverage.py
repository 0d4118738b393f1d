"""How often each operation, input and size class was trained, round by round, as plain values.

Shapes: P distinct paths, N draws, C size classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.rng import generator
from bnao.spaces.choices import Choice
from bnao.storage import RunFolder, from_dict

if TYPE_CHECKING:
    from bnao.cost.sizes import SizeTable
    from bnao.spaces.base import SearchSpace

COVERAGE = "coverage.json"  # the file of the run's state
DRAWS = 1000
"""Uniform draws of the feasible space between whose deciles the size classes lie."""


@dataclass(frozen=True, kw_only=True)
class ChoiceCount:
    """How many steps trained ``option`` at ``place``; see :class:`~bnao.spaces.choices.Choice`."""

    kind: str
    place: str
    option: str
    steps: int


@dataclass(frozen=True, kw_only=True)
class SizeClass:
    """Networks of ``low <= num_params < high`` (of the last class also ``num_params == high``), and how often trained.

    Networks smaller than all of the draws are counted in the first class, larger ones in the last. ``share`` in [0, 1]
    is what the class holds of uniform draws: a policy that prefers no size trains it in this share of the steps.
    """

    low: int
    high: int
    steps: int
    share: float


@dataclass(frozen=True, kw_only=True)
class RoundCoverage:
    """One round of supernet training. ``steps`` counts paths: optimiser steps where each trains one path."""

    round: int
    steps: int
    choices: list[ChoiceCount] = field(default_factory=list)
    sizes: list[SizeClass] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """All rounds, in order."""

    rounds: list[RoundCoverage] = field(default_factory=list)


def read_coverage(run: RunFolder) -> Coverage | None:
    """What the run's finished rounds have trained; None before the first. Raises RunError if it is damaged."""
    return from_dict(Coverage, run.read_json(COVERAGE), source=COVERAGE) if run.has(COVERAGE) else None


def round_coverage(
    round: int,
    counts: Mapping[str, int],
    space: SearchSpace,
    sizes: SizeTable,
    feasible: FeasibleSpace,
    seed: int,
) -> RoundCoverage:
    """What round ``round`` (counted from 1) trained.

    ``counts`` are steps by the text of the path (:class:`~bnao.sampling.counting.CountingPolicy`), ``sizes`` the table
    of the networks whose sizes are meant, ``seed`` the run's. All possible choices are listed, in the space's order,
    also those with 0 steps. The size classes do not depend on the round, so that rounds can be compared. Raises
    ArchitectureError for a text that is not of the space.
    """
    trained = [space.grammar.parse(text) for text in counts]
    steps_P = np.fromiter(counts.values(), dtype=np.int64, count=len(trained))
    return RoundCoverage(
        round=round,
        steps=int(steps_P.sum()),
        choices=_choices(space, trained, steps_P),
        sizes=_size_classes(
            sizes.num_params(feasible.sample(DRAWS, generator(seed, "coverage", "sizes"))),
            sizes.num_params(trained),
            steps_P,
        ),
    )


def _choices(space: SearchSpace, trained: list[Architecture], steps_P: NDArray[np.int64]) -> list[ChoiceCount]:
    totals: Counter[Choice] = Counter(dict.fromkeys(space.all_choices(), 0))
    for architecture, steps in zip(trained, steps_P.tolist(), strict=True):
        for choice in space.choices(architecture):
            totals[choice] += steps
    return [ChoiceCount(kind=c.kind, place=c.place, option=c.option, steps=steps) for c, steps in totals.items()]


def _size_classes(
    drawn_N: NDArray[np.int64], trained_P: NDArray[np.int64], steps_P: NDArray[np.int64]
) -> list[SizeClass]:
    """Ten classes, or fewer where deciles are equal: classes of no width are merged with the one above (or below)."""
    edges = np.unique(np.quantile(drawn_N, np.linspace(0.0, 1.0, 11), method="nearest"))
    if len(edges) == 1:
        edges = np.repeat(edges, 2)  # all networks are of one size
    last = len(edges) - 2

    def classes(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.clip(np.searchsorted(edges, sizes, side="right") - 1, 0, last).astype(np.int64)

    share_C = np.bincount(classes(drawn_N), minlength=last + 1) / len(drawn_N)
    steps_C = np.zeros(last + 1, dtype=np.int64)
    np.add.at(steps_C, classes(trained_P), steps_P)
    return [
        SizeClass(low=int(edges[k]), high=int(edges[k + 1]), steps=int(steps_C[k]), share=float(share_C[k]))
        for k in range(last + 1)
    ]
