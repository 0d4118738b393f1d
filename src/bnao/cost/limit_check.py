"""Limits against thousands of architectures in one call.

Shapes: P architectures, L limits that are set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.costs import Cost


@dataclass(frozen=True)
class Bound:
    """At most ``limit`` of a cost."""

    cost: Cost
    limit: float


class LimitCheck:
    """What ``bounds`` (one or more) say of architectures; ``names`` and ``units`` in the order of L.

    Values are floats: counts up to 2**53 are exact, and so is their comparison with any whole limit.
    """

    def __init__(self, bounds: Sequence[Bound]) -> None:
        self._costs = tuple(bound.cost for bound in bounds)
        self.names = tuple(cost.name for cost in self._costs)
        self.units = tuple(cost.unit for cost in self._costs)
        self.limits = tuple(bound.limit for bound in bounds)
        self.limits_L = np.array([float(limit) for limit in self.limits])

    def values(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """(L, P) the limited costs."""
        return np.stack([np.asarray(cost.values(architectures), dtype=np.float64) for cost in self._costs])

    def keeps(self, values_LP: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(P,) whether all limits are kept."""
        return np.asarray((values_LP <= self.limits_L[:, None]).all(axis=0))

    def excess(self, values_LP: NDArray[np.float64]) -> NDArray[np.float64]:
        """(P,) the greatest ratio of a cost to its limit: at most 1 where all are kept."""
        return np.asarray((values_LP / self.limits_L[:, None]).max(axis=0))

    def in_words(self, values_L: NDArray[np.float64]) -> str:
        """Costs with their units, such as ``614,870 parameters and 1.84 ms``."""
        return " and ".join(f"{amount(value)} {unit}" for value, unit in zip(values_L, self.units, strict=True))


def amount(value: float, *, up: bool = False) -> str:
    """A whole number in full, any other in four digits; ``up``: rounded so that it is not below ``value``.

    >>> amount(614870.0), amount(1.83921), amount(1.83921, up=True), amount(12345.678)
    ('614,870', '1.839', '1.84', '12,346')
    """
    if value == int(value):
        return f"{int(value):,}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    rounded = math.ceil(value * 10**digits) / 10**digits if up else round(value, digits)
    return f"{rounded:,.{digits}f}".rstrip("0").rstrip(".") if digits else f"{rounded:,.0f}"
