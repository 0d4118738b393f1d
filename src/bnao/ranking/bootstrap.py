"""Bootstrap samples of architectures, and percentile intervals from them.

Shapes: P architectures, R columns: the whole sample first, then the resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bnao.rng import generator

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]

FEWEST_PAIRS = 10
"""Pairs of unequal truth below which no figure of pairs is given: five architectures have ten."""
FEWEST_APART, MOST_APART = 4, 15
"""Architectures that the pairs must not all be of, see :class:`Pairs`: a quarter of all, within these bounds.

Pairs are many where all but a few truths are tied (short trainings at chance), and all of them are of those few: they
are the sample then, whatever the number of pairs. A ranking by chance had an interval of tau without 0, at 95 %, in
66 % of samples of 40 with one truth of its own and in 18 % with three, but in 7 % with ten; in 7 % of 400 with
fifteen, 8 % of ten with four, 9 % of fifteen with four (400 to 2000 samples each).
"""
FEWEST_ARCHITECTURES = 5
"""Architectures below which no other figure gets an interval."""
FEWEST_VALID = 0.5
"""Share of the resamples in which a figure must be defined: else there is no interval, and so no estimate."""


@dataclass(frozen=True)
class Pairs:
    """How many pairs of unequal truth are compared, and of how many architectures.

    ``num_apart`` have to be left out until no pair is left: where all are compared, those outside the largest group of
    equal truth. Counted up to :data:`MOST_APART`.
    """

    num: int
    num_architectures: int  # with at least one such pair
    num_apart: int

    @property
    def lacking(self) -> str:
        """Why a figure of them is not given; empty where it is."""
        if self.num < FEWEST_PAIRS:
            return f"{self.num} {'pair' if self.num == 1 else 'pairs'} of unequal truth, {FEWEST_PAIRS} are needed"
        needed = max(FEWEST_APART, min(MOST_APART, math.ceil(self.num_architectures / 4)))
        if self.num_apart < needed:
            others = f"all but {self.num_apart} of the {self.num_architectures} architectures compared"
            return f"{others} have the same truth, {needed} with another are needed"
        return ""


@dataclass(frozen=True)
class Estimate:
    """A figure with its bootstrap interval; all None where it cannot be given, and then ``reason`` says why.

    ``num`` is what it rests on: pairs of unequal truth for tau and pairwise accuracy, architectures that are in such
    pairs for rho, else architectures.
    """

    value: float | None
    low: float | None
    high: float | None
    num: int
    reason: str = ""

    @property
    def negated(self) -> Estimate:
        """That of the figure's negative."""
        if self.value is None or self.low is None or self.high is None:
            return self
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    @property
    def above_zero(self) -> bool:
        """Whether there is an interval and it lies above 0."""
        return self.low is not None and self.low > 0

    def __str__(self) -> str:
        """``0.61 (0.48 to 0.72)``, or the reason why there is none."""
        if self.value is None or self.low is None or self.high is None:
            return f"not given ({self.reason})"
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})".replace("-", "−")


def multiplicities(num: int, resamples: int, seed: int, size: int | None = None) -> Weights:
    """(num, 1 + resamples): how often each sample holds each architecture.

    The first column is all ones, the sample as it is; a figure's value is its value there. Each further column is
    ``size`` (default ``num``) draws with replacement. The same ``num``, ``resamples`` and ``seed`` give the same
    samples, so figures of different rankings can be compared within each.
    """
    drawn_RP = generator(seed, "ranking", "bootstrap").multinomial(size or num, np.full(num, 1 / num), size=resamples)
    return np.ascontiguousarray(np.vstack([np.ones(num), drawn_RP]).T, dtype=np.float32)


def quarters(num: int, draws: int, seed: int) -> Weights | None:
    """(num, 1 + draws) of 1 and 0: random quarters of a sample, the first column the whole of it.

    None where a quarter has fewer than :data:`FEWEST_ARCHITECTURES`.
    """
    part = num // 4
    if part < FEWEST_ARCHITECTURES:
        return None
    order_PR = generator(seed, "ranking", "quarters").permuted(np.tile(np.arange(num)[:, None], draws), axis=0)
    return np.ascontiguousarray(np.hstack([np.ones((num, 1)), order_PR < part]), dtype=np.float32)


def pairs_estimate(values_R: Floats, pairs: Pairs, confidence: float) -> Estimate:
    """The estimate of a figure of ``pairs``; not given where they are too few, or of too few architectures."""
    if pairs.lacking:
        return missing(pairs.num, pairs.lacking)
    return _estimate(values_R, pairs.num, confidence)


def estimate(values_R: Floats, num: int, confidence: float) -> Estimate:
    """The estimate of another figure; not given with fewer than :data:`FEWEST_ARCHITECTURES` architectures."""
    if num < FEWEST_ARCHITECTURES:
        return missing(num, f"{num} architectures, {FEWEST_ARCHITECTURES} are needed")
    return _estimate(values_R, num, confidence)


def missing(num: int, reason: str) -> Estimate:
    """An estimate that cannot be given."""
    return Estimate(None, None, None, num, reason)


def _estimate(values_R: Floats, num: int, confidence: float) -> Estimate:
    value, drawn = float(values_R[0]), values_R[1:]
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(drawn) < FEWEST_VALID * (len(values_R) - 1):
        return missing(num, "all that is compared is tied")
    low, high = np.quantile(drawn, ((1 - confidence) / 2, (1 + confidence) / 2)).tolist()
    return Estimate(value, low, high, num)
