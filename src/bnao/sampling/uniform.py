"""Uniform sampling (SPOS, arXiv 1904.00420)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.sampling.base import POLICIES, PolicySetup, refuse_unread
from bnao.sampling.draws import Draws, UniformDraws
from bnao.sampling.weighted import WeightedPolicy


class Uniform(WeightedPolicy):
    """Every architecture alike (SPOS, arXiv 1904.00420).

    Reads no size, exponent or floor: raises SettingError if one of them is set.
    """

    def __init__(self, setup: PolicySetup) -> None:
        refuse_unread(setup.config, "size", "exponent", "floor")
        super().__init__(setup)

    def weights(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(P,) ones."""
        return np.ones(len(architectures))

    def space_draws(self) -> Draws:
        """The space's own uniform draws."""
        return UniformDraws(self.setup.feasible)


POLICIES.register("uniform", Uniform)
