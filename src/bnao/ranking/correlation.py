"""Rank correlations of two lists of numbers, one figure each, without intervals.

Shapes: P architectures. For intervals, and for parts of the pairs, see ``figures.py``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnao.ranking.pair_sums import pair_sums

Floats = NDArray[np.float64]
FEWEST = 3
"""Of fewer values no correlation is given."""


def midranks(values_P: ArrayLike) -> Floats:
    """(P,) ranks from 1 for the smallest; equal values share the mean of their ranks.

    >>> midranks([0.5, 0.1, 0.5]).tolist()
    [2.5, 1.0, 2.5]
    """
    _, group_P, size_G = np.unique(np.asarray(values_P, dtype=np.float64), return_inverse=True, return_counts=True)
    last_G = np.cumsum(size_G)
    return np.asarray((last_G - (size_G - 1) / 2)[group_P], dtype=np.float64)


def spearman(a_P: ArrayLike, b_P: ArrayLike) -> float | None:
    """Spearman's rho in [-1, 1], the correlation of the midranks; None for fewer than 3 values or a constant list.

    A NaN among the values makes it NaN.

    >>> spearman([1, 2, 3, 4], [10, 20, 40, 30])
    0.8
    >>> spearman([1, 1, 1], [1, 2, 3]) is None
    True
    """
    a, b = _both(a_P, b_P)
    if np.isnan(a).any() or np.isnan(b).any():
        return math.nan
    if not _spread(a, b):
        return None
    # Twice the distance from the mean rank is a whole number: the sums are exact.
    ranks_a, ranks_b = (2 * midranks(values) - (len(values) + 1) for values in (a, b))
    return float(ranks_a @ ranks_b / math.sqrt((ranks_a @ ranks_a) * (ranks_b @ ranks_b)))


def kendall(a_P: ArrayLike, b_P: ArrayLike) -> float | None:
    """Kendall's tau-b in [-1, 1]: ``(C - D) / sqrt(n_a n_b)``; None for fewer than 3 values or a constant list.

    C and D count the pairs that both lists order alike and unlike, n_a and n_b those that a and b order at all
    (Kendall 1945, "The treatment of ties in ranking problems"). A NaN among the values makes it NaN.

    >>> round(kendall([1, 2, 3, 4], [10, 20, 40, 30]), 4)
    0.6667
    """
    a, b = _both(a_P, b_P)
    if np.isnan(a).any() or np.isnan(b).any():
        return math.nan
    if not _spread(a, b):
        return None
    return float(pair_sums(a, b, np.ones((len(a), 1), dtype=np.float32), ranks=False).kendall()[0])


def pairwise_accuracy(scores_P: ArrayLike, truth_P: ArrayLike) -> float | None:
    """Share of the pairs of unequal truth that the scores order rightly, in [0, 1]; 0.5 is chance.

    A pair of equal scores counts half, as a coin would. None where there is no pair of unequal truth.

    >>> pairwise_accuracy([0.1, 0.3, 0.2, 0.2], [1.0, 2.0, 3.0, 3.0])
    0.6
    """
    scores, truth = _both(scores_P, truth_P)
    if np.isnan(scores).any() or np.isnan(truth).any():
        return math.nan
    if len(truth) < 2 or truth.min() == truth.max():
        return None
    return float(pair_sums(scores, truth, np.ones((len(truth), 1), dtype=np.float32), ranks=False).pairwise()[0])


def _both(a_P: ArrayLike, b_P: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.asarray(a_P, dtype=np.float64), np.asarray(b_P, dtype=np.float64)
    assert a.ndim == 1 and a.shape == b.shape, "two lists of the same length are compared"
    return a, b


def _spread(a: Floats, b: Floats) -> bool:
    return len(a) >= FEWEST and bool(a.min() < a.max() and b.min() < b.max())
