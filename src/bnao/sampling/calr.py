"""Complexity-aware learning rate (CaLR): "Subnet-Aware Dynamic Supernet Training for Neural Architecture Search".

arXiv 2503.10740, CVPR 2025: the learning rate of a step falls the slower the larger its architecture is. The formula is
that of the authors' program for NAS-Bench-201; the equation in the paper's text was not at hand to compare. Not part of
this policy: the paper's momentum separation.
"""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np

from bnao.arch import Architecture
from bnao.errors import SettingError
from bnao.sampling.base import POLICIES, Policy, PolicySetup, StepPlan, refuse_unread
from bnao.sampling.extremes import find_extremes
from bnao.sampling.uniform import Uniform

MAX_DECAY = 4.0
"""Exponent of the smallest architecture's decay; the largest has its inverse (the default of the authors' program)."""


class Calr(Policy):
    """Uniform draws; the larger an architecture, the slower its learning rate falls (CaLR, arXiv 2503.10740).

    In step t of T the rate is ``final + (first - final) * (1 - t / T) ** gamma(a)`` in the place of the schedule's;
    ``first`` and ``final`` are the schedule's at t = 0 and t = T. ``gamma`` is a straight line in the logarithm of the
    size, from :data:`MAX_DECAY` at the smallest architecture (of the pool, or of the space) to its inverse at the
    largest. Their ``final`` is 0. Ours: a size is taken as at least 1, gamma keeps to its two ends where these
    are approximate, and it is 1 where all sizes are equal.

    Their sizes are parameters; ``size`` names them. Reads no exponent or floor: raises SettingError if one of
    them is set, or if the training's schedule is not given.
    """

    def __init__(self, setup: PolicySetup) -> None:
        refuse_unread(setup.config, "exponent", "floor")
        if setup.schedule is None:
            raise SettingError(
                f"the policy {setup.config.policy!r} scales the learning rate of a known schedule; received None: give "
                "schedule, such as bnao.training.loop.schedule(config, num_images)"
            )
        self._setup, self._schedule, self._extremes = setup, setup.schedule, find_extremes(setup)
        plain = replace(setup.config, policy="uniform", size="standalone")
        self._uniform = Uniform(replace(setup, config=plain))

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """One path, with the scale that gives it its own rate."""
        plan = self._uniform.plan(step, rng)
        return replace(plan, lr_scale=self.rate(plan.paths[0], step) / self._schedule.rate(step))

    def gamma(self, architecture: Architecture) -> float:
        """The exponent of the architecture's decay, in [1 / MAX_DECAY, MAX_DECAY]."""
        low, high = (log(max(1, s)) for s in (self._extremes.smallest_size, self._extremes.largest_size))
        if high <= low:
            return 1.0
        share = (log(max(1, int(self._setup.size([architecture])[0]))) - low) / (high - low)
        return MAX_DECAY + (1 / MAX_DECAY - MAX_DECAY) * min(max(share, 0.0), 1.0)

    def rate(self, architecture: Architecture, step: int) -> float:
        """The learning rate of a step, 0 <= ``step`` < T, that trains the architecture."""
        steps, rate = self._schedule.steps, self._schedule.rate
        first, final = rate(0), rate(steps)
        return final + (first - final) * float((1 - step / steps) ** self.gamma(architecture))

    def describe(self) -> str:
        """The draws, and the range of decays."""
        ends = f"decay exponents {MAX_DECAY:g} to {1 / MAX_DECAY:g} at {self._extremes.describe()}"
        return f"calr over the {self._setup.config.over}: {self._uniform.draws.describe()}; {ends}"


POLICIES.register("calr", Calr)
