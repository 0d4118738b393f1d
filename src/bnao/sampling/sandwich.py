"""The sandwich rule with in-place distillation (BigNAS, arXiv 2003.11142; the rule is that of arXiv 1903.05134)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bnao.sampling.base import POLICIES, Policy, PolicySetup, StepPlan, refuse_unread
from bnao.sampling.draws import BlockDraws
from bnao.sampling.extremes import find_extremes
from bnao.sampling.uniform import Uniform

NUM_RANDOM = 2
"""Random architectures a step, between the smallest and the largest (the paper's number)."""


class Sandwich(Policy):
    """The largest, two random and the smallest architecture a step; the largest teaches the others (arXiv 2003.11142).

    Smallest and largest are those of the pool, or of the space, by ``size``; the random ones are uniform. The largest
    learns the labels, the others its soft outputs (:func:`bnao.training.loop.train`). As in the paper the gradients of
    the four add up, so each loss has weight 1. Costs as much as four steps with one path. Deviation: the paper drops
    out and decays the weights of the largest alone; here the network's and the training's settings hold for all four.

    Reads no exponent or floor: raises SettingError if one of them is set.
    """

    def __init__(self, setup: PolicySetup) -> None:
        refuse_unread(setup.config, "exponent", "floor")
        self._setup, self._extremes = setup, find_extremes(setup)
        plain = replace(setup.config, policy="uniform", size="standalone")
        self._blocks = BlockDraws(Uniform(replace(setup, config=plain)).draws, setup.seed)

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """Four paths, the largest first."""
        grammar, ends = self._setup.feasible.grammar, self._extremes
        between = [self._blocks.at(NUM_RANDOM * step + k) for k in range(NUM_RANDOM)]
        drawn = [ends.largest, *between, ends.smallest]
        shuffle = self._setup.config.shuffle_sides
        paths = tuple(grammar.shuffle(a, rng) if shuffle else grammar.canonical(a) for a in drawn)
        return StepPlan(paths, (1.0,) * len(paths), teacher=paths[0])

    def describe(self) -> str:
        """The extremes, and the draws between them."""
        over, ends = self._setup.config.over, self._extremes
        return f"sandwich over the {over}: {ends.describe()}, {NUM_RANDOM} between: {self._blocks.describe()}"


POLICIES.register("sandwich", Sandwich)
