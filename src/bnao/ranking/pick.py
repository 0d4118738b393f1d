"""What one gets by taking the best by score: regret, and how far down the ranking a good network is.

Shapes: P architectures, G groups of equal score from the best down, R columns of the bootstrap.

Equal scores are no order: figures are the mean over all ways to break a tie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.objective.info import MetricInfo
from bnao.ranking.bootstrap import Estimate, Weights, estimate

Floats = NDArray[np.float64]
ROUNDING = 1e-9  # of the best: figures in decimals that differ by just the tolerance are within it
TOP = 10
"""Architectures in the top by score, or a third of all if that is fewer."""


@dataclass(frozen=True)
class PickFigures:
    """Figures in the metric's units (an accuracy is in [0, 1]); regrets are what is lost, not below 0.

    The random figures are what picking blindly gives: the mean over all architectures. ``best`` and the regrets are
    measured against the best truth of the sample: the best of many noisy figures is too good, for the random pick too.
    """

    best: float  # the best truth
    regret: Estimate  # best minus the truth of the architecture with the best score
    random_regret: Estimate
    top_count: int  # k of the top k by score
    top_mean: Estimate  # mean truth of these k
    random_mean: Estimate

    def in_units_of(self, metric: MetricInfo) -> PickFigures:
        """Figures that were taken of the metric's utility, in its own units."""
        if metric.higher_is_better:
            return self
        top, random = self.top_mean.negated, self.random_mean.negated
        return replace(self, best=-self.best, top_mean=top, random_mean=random)


def pick_figures(scores_P: Floats, truth_P: Floats, weights_PR: Weights, confidence: float) -> PickFigures:
    """Regret of the pick and mean truth of the top ``min(10, P // 3)``, with the same for a random pick."""
    num = len(scores_P)
    count = max(1, min(TOP, num // 3))
    best_R = _best(truth_P, weights_PR)
    drawn_R = np.maximum(weights_PR.sum(axis=0, dtype=np.float64), 1)
    mean_R = truth_P @ weights_PR.astype(np.float64) / drawn_R
    return PickFigures(
        best=float(truth_P.max()) if num else float("nan"),
        regret=estimate(best_R - top_mean(scores_P, truth_P, weights_PR, 1), num, confidence),
        random_regret=estimate(best_R - mean_R, num, confidence),
        top_count=count,
        top_mean=estimate(top_mean(scores_P, truth_P, weights_PR, count), num, confidence),
        random_mean=estimate(mean_R, num, confidence),
    )


def top_mean(scores_P: Floats, truth_P: Floats, weights_PR: Weights, count: int) -> Floats:
    """(R,) mean truth of the ``count`` best by score; NaN for a sample that is smaller."""
    _, group_P = np.unique(-scores_P, return_inverse=True)
    weights = weights_PR.astype(np.float64)
    drawn_GR = _by_group(weights, group_P)
    sums_GR = _by_group(weights * truth_P[:, None], group_P)
    before_GR = np.cumsum(drawn_GR, axis=0) - drawn_GR
    taken_GR = np.clip(count - before_GR, 0, drawn_GR)
    total_R = (taken_GR * sums_GR / np.maximum(drawn_GR, 1)).sum(axis=0)
    return np.where(taken_GR.sum(axis=0) == count, total_R / count, np.nan)


def is_good(truth: Floats, best: Floats | float, tolerance: float) -> NDArray[np.bool_]:
    """Whether each truth is within ``tolerance`` of ``best``; of shapes that broadcast."""
    return np.asarray(truth >= best - tolerance - ROUNDING * np.abs(best))


def good_positions(scores_P: Floats, truth_P: Floats, weights_PR: Weights, tolerance: float) -> Floats:
    """(R,) place in the ranking of the first architecture whose truth is within ``tolerance`` of the sample's best.

    1 is the first place. Copies drawn by a resample hold places as different networks would. In a group of equal scores
    the good ones are placed last, for one may be unlucky.
    """
    best_R = _best(truth_P, weights_PR)
    good_PR = is_good(truth_P[:, None], best_R, tolerance) * weights_PR.astype(np.float64)
    _, group_P = np.unique(-scores_P, return_inverse=True)
    drawn_GR = _by_group(weights_PR.astype(np.float64), group_P)
    good_GR = _by_group(good_PR, group_P)
    place_GR = np.cumsum(drawn_GR, axis=0) - good_GR + 1
    return np.asarray(np.where(good_GR > 0, place_GR, np.inf).min(axis=0))


def _best(truth_P: Floats, weights_PR: Weights) -> Floats:
    return np.asarray(np.where(weights_PR > 0, truth_P[:, None], -np.inf).max(axis=0, initial=-np.inf))


def _by_group(values_PR: NDArray[Any], group_P: NDArray[np.intp]) -> Floats:
    order = np.argsort(group_P, kind="stable")
    starts = np.flatnonzero(np.diff(group_P[order], prepend=-1))
    return np.asarray(np.add.reduceat(values_PR[order], starts, axis=0)) if len(order) else values_PR
