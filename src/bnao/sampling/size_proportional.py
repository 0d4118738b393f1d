"""The paper's balanced sampling: in proportion to size (arXiv 1909.10815, section 3.2; METHOD, "The search", 2).

Shapes: P architectures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.sampling.base import POLICIES
from bnao.sampling.proportional import Proportional
from bnao.spaces.additive import AdditiveSampler


class SizeProportional(Proportional):
    """In proportion to model size, p(a) ~ size(a) ** exponent: the paper's balanced training (arXiv 1909.10815).

    ``size`` is the number of parameters of the stand-alone network (the paper), or of the chosen operations alone.
    """

    def measure(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) parameters."""
        return self.setup.size(architectures)

    def max_measure(self) -> float:
        """Of the parameters."""
        return self.setup.sizes.max_params(chosen_only=self._chosen_only)

    def measure_sampler(self, order: int) -> AdditiveSampler | None:
        """By a power of the parameters."""
        return self.setup.sizes.additive_sampler(order, chosen_only=self._chosen_only)

    @property
    def _chosen_only(self) -> bool:
        return self.setup.config.size == "chosen_ops"


POLICIES.register("size_proportional", SizeProportional)
