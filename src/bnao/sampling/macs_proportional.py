"""Sampling in proportion to multiply-adds: the paper's rule (arXiv 1909.10815, section 3.2) with another cost for size.

Shapes: P architectures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.sampling.base import POLICIES, PolicySetup, refuse_unread
from bnao.sampling.proportional import Proportional
from bnao.spaces.additive import AdditiveSampler


class MacsProportional(Proportional):
    """In proportion to multiply-adds, p(a) ~ macs(a) ** exponent: balanced training (arXiv 1909.10815) by another cost.

    ``macs`` are those of the stand-alone network for one image, without its auxiliary head; so, unlike a parameter, an
    operation weighs the more the larger its image is. Raises SettingError if ``size``, which is not read, is set.
    """

    def __init__(self, setup: PolicySetup) -> None:
        refuse_unread(setup.config, "size")
        super().__init__(setup)

    def measure(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P,) multiply-adds."""
        return self.setup.sizes.macs(architectures)

    def max_measure(self) -> float:
        """Of the multiply-adds."""
        return self.setup.sizes.max_macs()

    def measure_sampler(self, order: int) -> AdditiveSampler | None:
        """By a power of the multiply-adds."""
        return self.setup.sizes.additive_macs_sampler(order)


POLICIES.register("macs_proportional", MacsProportional)
