"""The paper's balanced sampling: in proportion to size (arXiv 1909.10815, section 3.2; METHOD, "The search", 2)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.sampling.base import POLICIES, PolicySetup
from bnao.sampling.space_draws import Envelope
from bnao.sampling.weighted import WeightedPolicy

MAX_ORDER = 16
"""Highest power that dynamic programming carries; what an exponent has beyond it is left to rejection."""


class SizeProportional(WeightedPolicy):
    """In proportion to model size, p(a) ~ size(a) ** exponent: the paper's balanced training (arXiv 1909.10815).

    ``size`` is the number of parameters of the stand-alone network (the paper), or of the chosen operations alone.
    Weights are relative to the proven upper bound of a size, so they lie in [0, 1] whatever the exponent.
    """

    def __init__(self, setup: PolicySetup) -> None:
        self._chosen_only = setup.config.size == "chosen_ops"
        self._bound = setup.sizes.max_params(chosen_only=self._chosen_only)
        super().__init__(setup)

    def weights(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(P,) (size / bound) ** exponent."""
        return self._power(architectures, self.setup.config.exponent)

    def max_weight(self) -> float:
        """1; 0 where no operation has parameters."""
        return 1.0 if self._bound > 0 else 0.0

    def envelope(self) -> Envelope | None:
        """Exact draws by the whole part of the exponent, where the space's sizes add up."""
        order = min(int(self.setup.config.exponent), MAX_ORDER)
        sampler = self.setup.sizes.additive_sampler(order, chosen_only=self._chosen_only)
        if sampler is None or self._bound == 0:
            return None
        mean = Fraction(sampler.moment(order), sampler.moment(0) * int(self._bound) ** order)
        return Envelope(
            sampler, lambda a: self._power(a, float(order)), float(mean), tight=order == self.setup.config.exponent
        )

    def _power(self, architectures: Sequence[Architecture], exponent: float) -> NDArray[np.float64]:
        sizes = self.setup.sizes
        sizes_P = sizes.num_chosen_params(architectures) if self._chosen_only else sizes.num_params(architectures)
        return np.asarray((sizes_P / max(self._bound, 1.0)) ** exponent)


POLICIES.register("size_proportional", SizeProportional)
