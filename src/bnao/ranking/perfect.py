"""What a sample in perfect order says of the others: its resamples are in perfect order too, and give no interval.

Taken is the law in which an order is the less likely the more pairs of it are reversed (Mallows 1957, "Non-null ranking
models"), ``P(order) ~ q ** reversed``. In it n architectures come in perfect order with probability
``prod (1 - q) / (1 - q**i)`` over i = 1 to n, and the mean of tau is known, too. The limit is that mean in the law
where a perfect order is as rare as an interval may err on one side: at 95 % five architectures in perfect order say
that tau is 0.20 or more, ten 0.81. Of rho it follows that it is at least ``(3 tau - 1) / 2`` (Durbin and Stuart 1951,
"Inversions and rank correlation coefficients"). How often intervals hold: ``benchmarks/ranking/coverage.py``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from bnao.ranking.bootstrap import Estimate

_FROM_TAU = {"kendall": (1.0, 0.0), "spearman": (1.5, -0.5), "pairwise": (0.5, 0.5)}  # slope and shift


def with_limit(found: Estimate, confidence: float, figure: Literal["kendall", "spearman", "pairwise"]) -> Estimate:
    """``found`` with the limit above where its interval is empty, for every pair is in order or every one reversed.

    ``found.num`` are pairs.
    """
    if found.value is None or found.low is None or found.high is None or not math.isclose(found.low, found.high):
        return found
    slope, shift = _FROM_TAU[figure]
    lowest = 0.0 if figure == "pairwise" else -1.0
    least = slope * kendall_limit(found.num, confidence) + shift
    if math.isclose(found.value, 1.0):
        return replace(found, low=least)
    if math.isclose(found.value, lowest, abs_tol=1e-9):
        return replace(found, high=1.0 + lowest - least)
    return found


@lru_cache
def kendall_limit(num_pairs: int, confidence: float) -> float:
    """The lower limit of tau where all of ``num_pairs`` are in order; 0 where so few are in order by chance often.

    Pairs that are not all pairs of some architectures (those of equal size, say) count like all pairs of fewer. That is
    cautious where pairs have few architectures in common, and about right where a few architectures are in all of them:
    of four in 54 pairs with twelve of one truth 89 % are in order in the law, of ten architectures' 45 pairs 91 %. Of
    fewer no figure is given (:class:`~bnao.ranking.bootstrap.Pairs`).

    >>> round(kendall_limit(10, 0.95), 2), round(kendall_limit(45, 0.95), 2)
    (0.2, 0.81)
    """
    from scipy.optimize import brentq

    num, log_rare = (1 + math.isqrt(1 + 8 * num_pairs)) // 2, math.log((1 - confidence) / 2)
    if -math.lgamma(num + 1) >= log_rare:
        return 0.0

    def log_odds(q: float) -> float:
        return sum(math.log((1 - q) / (1 - q**i)) for i in range(2, num + 1)) - log_rare

    q = brentq(log_odds, 1e-12, 1 - 1e-9)
    reversed_pairs = num * q / (1 - q) - sum(i * q**i / (1 - q**i) for i in range(1, num + 1))
    return float(1 - 4 * reversed_pairs / (num * (num - 1)))
