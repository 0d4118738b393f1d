"""Policies that train one architecture a step, drawn by a fixed weight from the pool or from the whole space.

Shapes: P architectures.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.sampling.base import Policy, PolicySetup, StepPlan
from bnao.sampling.draws import BlockDraws, Draws, PoolDraws, floored
from bnao.sampling.space_draws import Envelope, space_draws


class WeightedPolicy(Policy):
    """p(a) = max(w(a), floor * mean of w) / sum over the pool, or over the distinct architectures of the space.

    A subclass gives :meth:`weights`; for draws over the space also a bound, or exact draws, where it knows them. In the
    pool weights are computed once, a step costs O(log P). Each plan has one path with loss weight 1. With
    ``shuffle_sides`` the path is a uniform draw among the architecture's symmetric forms, else the canonical one
    (METHOD, deviations: the paper has the drawn order, and one side's weights of late nodes starve).
    """

    draws: Draws
    """The distribution that :meth:`plan` draws from, before sides are shuffled."""

    def __init__(self, setup: PolicySetup) -> None:
        self.setup = setup
        self._pool_draws: PoolDraws | None = None
        if setup.config.over == "pool":
            pool = setup.require_pool()
            self._pool_draws = PoolDraws(pool, floored(self.weights(pool), setup.config.floor))
            self.draws = self._pool_draws
        else:
            self.draws = self.space_draws()
        self._blocks = BlockDraws(self.draws, setup.seed)

    @abstractmethod
    def weights(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(P,) relative weights >= 0 before the floor. Pure: an architecture's weight does not depend on the others."""

    def max_weight(self) -> float | None:
        """A proven upper bound of a weight over the whole space, or None."""
        return None

    def envelope(self) -> Envelope | None:
        """Exact draws in proportion to an upper bound of the weights, or None."""
        return None

    def space_draws(self) -> Draws:
        """Draws from the whole feasible space."""
        return space_draws(
            self.setup.feasible,
            self.weights,
            floor=self.setup.config.floor,
            max_weight=self.max_weight(),
            envelope=self.envelope(),
        )

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """One path."""
        drawn = self._pool_draws.sample(1, rng)[0] if self._pool_draws is not None else self._blocks.at(step)
        grammar = self.setup.feasible.grammar
        path = grammar.shuffle(drawn, rng) if self.setup.config.shuffle_sides else grammar.canonical(drawn)
        return StepPlan((path,), (1.0,))

    def describe(self) -> str:
        """Policy, set, method."""
        config = self.setup.config
        return f"{config.policy} over the {config.over}: {self.draws.describe()}"
