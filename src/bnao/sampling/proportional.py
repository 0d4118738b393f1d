"""What policies that draw in proportion to a power of a count share: weights, their bound, exact draws.

Shapes: P architectures.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.rng import generator
from bnao.sampling.base import PolicySetup
from bnao.sampling.space_draws import Envelope
from bnao.sampling.weighted import WeightedPolicy
from bnao.spaces.additive import AdditiveSampler

LOOKED_AT = 256
MAX_ORDER = 16
"""Highest power that dynamic programming carries; what an exponent has beyond it is left to rejection."""


class Proportional(WeightedPolicy):
    """p(a) ~ measure(a) ** exponent, with the floor of :class:`~bnao.sampling.weighted.WeightedPolicy`.

    Weights are relative to the proven upper bound of the measure, so they lie in [0, 1] whatever the exponent. Where
    none is known they are relative to the largest measure of the pool, or of :data:`LOOKED_AT` draws from the space.
    """

    def __init__(self, setup: PolicySetup) -> None:
        self.setup = setup
        bound = self.max_measure()
        self._proven = math.isfinite(bound)
        self._bound = bound if self._proven else float(self.measure(self._some()).max())
        super().__init__(setup)

    def _some(self) -> list[Architecture]:
        if self.setup.config.over == "pool":
            return list(self.setup.require_pool())
        return self.setup.feasible.sample(LOOKED_AT, generator(0, "sampling", "largest"))

    @abstractmethod
    def measure(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) what draws are in proportion to, >= 0; read from ``self.setup``."""

    @abstractmethod
    def max_measure(self) -> float:
        """A proven upper bound of :meth:`measure` over the whole space; infinite where none is known."""

    @abstractmethod
    def measure_sampler(self, order: int) -> AdditiveSampler | None:
        """Exact draws in proportion to ``measure ** order`` over the whole space, where it offers them."""

    def weights(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(P,) (measure / bound) ** exponent."""
        return self._power(architectures, self.setup.config.exponent)

    def max_weight(self) -> float | None:
        """1; 0 where nothing in the space has a measure above zero; None without a proven bound."""
        if not self._proven:
            return None
        return 1.0 if self._bound > 0 else 0.0

    def envelope(self) -> Envelope | None:
        """Exact draws by the whole part of the exponent, where the space's counts add up."""
        order = min(int(self.setup.config.exponent), MAX_ORDER)
        sampler = self.measure_sampler(order)
        if sampler is None or self._bound == 0 or not self._proven:
            return None
        mean = Fraction(sampler.moment(order), sampler.moment(0) * int(self._bound) ** order)
        return Envelope(
            sampler, lambda a: self._power(a, float(order)), float(mean), tight=order == self.setup.config.exponent
        )

    def _power(self, architectures: Sequence[Architecture], exponent: float) -> NDArray[np.float64]:
        return np.asarray((self.measure(architectures) / max(self._bound, 1.0)) ** exponent)
