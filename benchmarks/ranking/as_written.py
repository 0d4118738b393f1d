"""Sampling of cells as they are written: isomorphic ones count apart, operations that lead nowhere included.

It is what a draw of six operations, each alike, comes to, as most studies of this table do it. ``bnao`` draws among
distinct networks; this policy is here for the comparison.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right

import numpy as np

from bnao.sampling.base import POLICIES, Policy, PolicySetup, StepPlan
from bnao.sampling.draws import floored
from bnao.spaces.nasbench201.cells import EDGES, OPERATION_NAMES, is_connected


class AsWritten(Policy):
    """p(cell) ~ size ** exponent over all 15,284 cells whose output depends on the input; the form is the drawn one."""

    def __init__(self, setup: PolicySetup) -> None:
        every = itertools.product(range(len(OPERATION_NAMES)), repeat=len(EDGES))
        self._cells = [setup.feasible.grammar.architecture(cell) for cell in every if is_connected(cell)]
        sizes_P = setup.size(self._cells).astype(np.float64)
        weights_P = floored((sizes_P / sizes_P.max()) ** setup.config.exponent, setup.config.floor)
        self._ends = (np.cumsum(weights_P) / weights_P.sum()).tolist()

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """One path."""
        drawn = bisect_right(self._ends, rng.random())
        return StepPlan((self._cells[min(drawn, len(self._cells) - 1)],), (1.0,))


POLICIES.register("as_written", AsWritten)
