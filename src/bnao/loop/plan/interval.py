"""Estimates of seconds that add up, and the intervals that they come to (imports no torch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import hypot, sqrt

DRIFT = 0.15
"""Share by which a machine may be slower or faster later than while it was measured: clocks, caches, other programs."""
Z = 1.645
"""Standard errors on both sides: 90 % of a normal distribution."""
LEAST = 0.25
"""An interval's lower end is at least this share of the middle, whatever the errors."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Seconds: the actual time is meant to lie between ``low`` and ``high`` in 18 of 20 searches."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds of a piece of work, with where its error comes from.

    ``shared``: standard errors by the measurement that they come from; they add up where pieces share it. ``own``: the
    variance that is this piece's alone. ``below``, ``above``: how far it may be off where only a range is known, in
    quadrature over pieces, for they are not all at their ends.
    ``spent``: seconds that have passed already, which are exact.

    >>> two = Estimate(seconds=10.0, shared={"step": 1.0}) + Estimate(seconds=20.0, shared={"step": 2.0})
    >>> two.seconds, dict(two.shared)
    (30.0, {'step': 3.0})
    """

    seconds: float = 0.0
    shared: Mapping[str, float] = field(default_factory=dict)
    own: float = 0.0
    below: float = 0.0
    above: float = 0.0
    spent: float = 0.0

    def __add__(self, other: Estimate) -> Estimate:
        names = dict.fromkeys([*self.shared, *other.shared])
        return Estimate(
            seconds=self.seconds + other.seconds,
            shared={name: self.shared.get(name, 0.0) + other.shared.get(name, 0.0) for name in names},
            own=self.own + other.own,
            below=hypot(self.below, other.below),
            above=hypot(self.above, other.above),
            spent=self.spent + other.spent,
        )

    def interval(self, busy: float = 0.0) -> Interval:
        """The interval of about 90 %: errors and ranges in quadrature, then the machine's drift on both sides.

        ``busy`` in [0, 1): share of the time that other programs took while it was measured. They may end, or grow, so
        half of it widens each side.
        """
        error = Z * sqrt(sum(e * e for e in self.shared.values()) + self.own)
        low = (self.seconds - hypot(error, self.below)) * (1.0 - busy / 2) / (1.0 + DRIFT)
        return Interval(
            low=self.spent + max(low, LEAST * self.seconds),
            middle=self.spent + self.seconds,
            high=self.spent + (self.seconds + hypot(error, self.above)) * (1.0 + DRIFT + busy / 2),
        )
