"""How far chance moves tau-b where few pairs are compared: intervals within equal size are made as wide as that says.

A bootstrap of architectures weighs the pair i, j by ``w_i w_j``. Where each architecture is in many pairs, what these
have in common decides how far tau moves, and the bootstrap is right. Where each is in one or two, as within equal size,
the variance of the product itself decides, which is 3 and should be 1: intervals are up to 1.7 times too wide.

What two pairs have in common they have by an architecture that is in both. The variance of a sum of ``psi_ij`` over
pairs, summed over such pairs of pairs alone, is the dyadic-robust one,

    V = sum_i (sum_j psi_ij)^2 - sum_{i<j} psi_ij^2

(Fafchamps and Gubert 2007, "The formation of risk sharing networks"; Aronow, Samii and Assenova 2015, "Cluster-robust
variance estimation for dyadic data"). Here ``psi_ij`` is what a pair adds at first order to ``tau_b = S / sqrt(A B)``:
S are the pairs ordered alike minus those ordered unlike, A and B those that scores and truths order. By chance V can be
small, or even below 0: it is taken to be at least that of independent pairs, ``sum psi^2``. As usual for few clusters
(Cameron and Miller 2015, "A practitioner's guide to cluster-robust inference") V is multiplied by ``n / (n - 1)`` and
Student's t with ``n - 1`` degrees of freedom takes the place of the normal law; n is half the effective number of
architectures (Kish 1965, "Survey sampling"), ``(sum d_i)^2 / sum d_i^2 / 2`` with d_i the pairs that i is in: m pairs
without an architecture in common are ``n = m``.

The resamples' deviations from the value are multiplied by the quotient of the two standard deviations where it is below
1: an interval never gets wider than the bootstrap's. Rho and pairwise accuracy take the quotient of tau, which they are
functions of where pairs have nothing in common. How often intervals hold: ``benchmarks/ranking/coverage.py``.

A lead of one ranking over another keeps the bootstrap's interval. Two rankings often differ in a few pairs only, and
where all these speak for one the bootstrap's interval ends at 0, which a shrunken one would leave out: of equally good
rankings compared in 18 pairs such intervals, tried, told one from the other in 20 to 45 % of samples.

Shapes: P architectures, B of them in a block, R samples of which the first is the whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.pair_sums import BLOCK, Near

Floats = NDArray[np.float64]


def kendall_deviation(scores_P: Floats, truth_P: Floats, near: Near) -> tuple[float, float]:
    """Standard deviation of tau-b among the pairs of ``near``, and the n of above; 0 and 0 where all of it is tied."""
    rows_3P, both = np.zeros((3, len(scores_P))), 0.0
    for start in range(0, len(scores_P), BLOCK):
        stop = start + BLOCK
        near_BP = near.block(start, stop)
        x_BP = np.sign(scores_P[start:stop, None] - scores_P) * near_BP
        y_BP = np.sign(truth_P[start:stop, None] - truth_P) * near_BP
        for row, values_BP in enumerate((x_BP * y_BP, np.abs(x_BP), np.abs(y_BP))):
            rows_3P[row, start:stop] = values_BP.sum(axis=1)
        both += float(np.abs(x_BP * y_BP).sum()) / 2
    agree, score, truth = (rows_3P.sum(axis=1) / 2).tolist()  # S, A and B: each pair once
    if score == 0 or truth == 0:
        return 0.0, 0.0
    # sqrt(A B) psi = x y - a |x| - b |y|, and the products of x y, |x| and |y| are each x y or |x y|
    a, b = agree / (2 * score), agree / (2 * truth)
    sums_P = rows_3P[0] - a * rows_3P[1] - b * rows_3P[2]
    own = both + a * a * score + b * b * truth - 2 * (a + b) * agree + 2 * a * b * both
    variance = max(float(sums_P @ sums_P) - own, own, 0.0) / (score * truth)
    return float(np.sqrt(variance)), float(rows_3P[2].sum() ** 2 / (rows_3P[2] @ rows_3P[2])) / 2


def shrinkage(kendall_R: Floats, scores_P: Floats, truth_P: Floats, near: Near | None, confidence: float) -> float:
    """What deviations of the resamples are to be multiplied by, 0 to 1; 1 where all pairs are compared.

    ``kendall_R`` is tau-b of the same scores and truths among the same pairs.
    """
    from scipy.special import ndtri, stdtrit

    drawn = kendall_R[1:][np.isfinite(kendall_R[1:])]
    if near is None or len(drawn) == 0:
        return 1.0
    deviation, num = kendall_deviation(scores_P, truth_P, near)
    if num <= 1:
        return 1.0
    edge = (1 + confidence) / 2
    few = np.sqrt(num / (num - 1)) * stdtrit(num - 1, edge) / ndtri(edge)
    robust, bootstrap = float(few) * deviation, float(drawn.std())
    return robust / bootstrap if robust < bootstrap else 1.0


def shrunk(values_R: Floats, factor: float) -> Floats:
    """(R,) with deviations from the first, the whole sample's value, multiplied by ``factor``.

    >>> shrunk(np.array([0.5, 0.0, 0.75]), 0.5).tolist()
    [0.5, 0.25, 0.625]
    """
    return values_R if factor == 1 else values_R[0] + factor * (values_R - values_R[0])
