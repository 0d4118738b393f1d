"""Sums over pairs of architectures for many bootstrap samples at once.

A bootstrap sample draws architecture i w_i times. A figure of pairs, on it, needs ``sum over i, j of w_i w_j s_ij``,
where s_ij compares i and j and s_ii = 0: **resampled twins make no pairs**. All samples at once are a matrix product,
``sum(W * (S @ W))`` by column, so a thousand samples of a thousand architectures take a fraction of a second.

With ``x_ij = sign(score_i - score_j)`` and ``y_ij = sign(truth_i - truth_j)``, both 0 where i and j are not compared:

- tau-b: ``sum w w x y / sqrt(sum w w |x| * sum w w |y|)``;
- pairwise accuracy: ``(sum w w x y / sum w w |y| + 1) / 2``;
- Spearman: ``r_i = sum_j w_j x_ij`` is twice the rank's distance from the mean rank, so rho is
  ``sum_i w_i r_i q_i / sqrt(sum_i w_i r_i^2 * sum_i w_i q_i^2)``. Its sum has three indices, ``w_i w_j w_k x_ij y_ik``;
  terms in which j and k are twins (two draws of one architecture) would enter as if they were different ones with equal
  values, and pull rho towards tau. They are left out: ``sum_i w_i sum_j (w_j^2 - w_j) x_ij y_ij`` is taken off. Where
  only some pairs are compared (within equal size), it is the rank among those that i is compared with.

With all w = 1 these are the usual figures. Shapes: P architectures, R samples, B a block of architectures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]
BLOCK = 512  # architectures: bounds the memory to BLOCK * (P + R) numbers a matrix


@dataclass(frozen=True)
class Near:
    """Which pairs are compared: those whose sizes differ by at most ``tolerance`` of the larger (0: equal sizes)."""

    sizes_P: Floats
    tolerance: float

    def block(self, start: int, stop: int) -> Weights:
        """(B, P) of 1 and 0."""
        own_B1, all_P = self.sizes_P[start:stop, None], self.sizes_P
        near_BP = np.abs(own_B1 - all_P) <= self.tolerance * np.maximum(own_B1, all_P)
        return near_BP.astype(np.float32)

    def part(self, members_Q: NDArray[np.intp]) -> Near:
        """The same rule among some of the architectures."""
        return Near(self.sizes_P[members_Q], self.tolerance)


@dataclass(frozen=True)
class PairSums:
    """The sums, each (R,); pairs are counted twice, as (i, j) and (j, i)."""

    agree_R: Floats  # sum w w x y
    score_R: Floats  # sum w w |x|
    truth_R: Floats  # sum w w |y|
    cross_R: Floats  # sum w r q, twins left out; zeros where ranks were not asked for
    score_squares_R: Floats  # sum w r r
    truth_squares_R: Floats  # sum w q q

    def kendall(self) -> Floats:
        """(R,) tau-b; NaN where scores or truths are all tied."""
        return _ratio(self.agree_R, np.sqrt(self.score_R * self.truth_R))

    def pairwise(self) -> Floats:
        """(R,) share of the pairs of unequal truth in the right order; NaN where there is none."""
        return (_ratio(self.agree_R, self.truth_R) + 1) / 2

    def spearman(self) -> Floats:
        """(R,) rho; NaN where scores or truths are all tied."""
        return _ratio(self.cross_R, np.sqrt(np.maximum(self.score_squares_R * self.truth_squares_R, 0)))


def pair_sums(
    scores_P: Floats, truth_P: Floats, weights_PR: Weights, near: Near | None = None, *, ranks: bool = True
) -> PairSums:
    """The sums for each column of ``weights_PR``, how often a sample holds each architecture (whole numbers >= 0).

    ``near`` restricts the pairs. Without ``ranks`` those for Spearman are left out, two fifths of the work.
    """
    sums_6R = np.zeros((6, weights_PR.shape[1]))
    for start in range(0, len(scores_P), BLOCK):
        stop = start + BLOCK
        own_BR = weights_PR[start:stop]
        twins_BR = own_BR * (own_BR - 1)
        x_BP = np.sign(scores_P[start:stop, None] - scores_P).astype(np.float32)
        y_BP = np.sign(truth_P[start:stop, None] - truth_P).astype(np.float32)
        if near is not None:
            near_BP = near.block(start, stop)
            x_BP *= near_BP
            y_BP *= near_BP
        squares = (x_BP * y_BP, np.abs(x_BP), np.abs(y_BP))
        for row, compared_BP in enumerate(squares):
            others_BR = compared_BP @ weights_PR
            sums_6R[row] += _sum(own_BR * others_BR)
            if ranks:  # the matrix is symmetric: w'K(w^2 - w) = (w^2 - w)'Kw
                sums_6R[3 + row] -= _sum(twins_BR * others_BR)
        if ranks:
            r_BR, q_BR = x_BP @ weights_PR, y_BP @ weights_PR
            for row, product_BR in enumerate((r_BR * q_BR, r_BR * r_BR, q_BR * q_BR)):
                sums_6R[3 + row] += _sum(own_BR * product_BR)
    return PairSums(*sums_6R)


def _sum(values_BR: Weights) -> Floats:
    return np.asarray(values_BR.sum(axis=0, dtype=np.float64))


def _ratio(above_R: Floats, below_R: Floats) -> Floats:
    ratio_R = np.full(above_R.shape, np.nan)
    np.divide(above_R, below_R, out=ratio_R, where=below_R > 0)
    return ratio_R
