"""From scores to the study's figures, with intervals over seeds and cells.

Shapes: P cells, S seeds, R columns of the bootstrap over cells (the first is the sample itself).

An interval is mean +- t * standard error, with squared error = variance over seeds / S + bootstrap variance over cells
of the mean over seeds, and t of S - 1 degrees of freedom; a ranking without seeds has the second part alone (z).
Equal scores are no order: the accuracies of the pick and of the top 10 are means over all ways to break a tie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cells import Cells
from numpy.typing import NDArray
from scipy import stats

from bnao.ranking.bootstrap import multiplicities
from bnao.ranking.counts_fit import cross_fitted
from bnao.ranking.figures import kendall_values
from bnao.ranking.pair_sums import pair_sums
from bnao.ranking.pick import TOP, top_mean
from bnao.ranking.scopes import Scope, scopes, size_rule
from bnao.ranking.trivial import fused_ranking

Floats = NDArray[np.float64]
RESAMPLES = 400


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % interval, and the seeds' own values."""

    mean: float
    low: float
    high: float
    seeds: list[float]


def interval(values_SR: Floats) -> Interval:
    """Of a figure's values by seed, on the sample and on each resample of the cells; all NaN where there is none."""
    if not np.isfinite(values_SR[:, 0]).all():
        return Interval(math.nan, math.nan, math.nan, [])
    values_S, drawn_R = values_SR[:, 0], np.nanmean(values_SR, axis=0)[1:]
    num = len(values_S)
    error = float(np.nanvar(drawn_R, ddof=1))
    factor = float(stats.norm.ppf(0.975))
    if num > 1:
        error += float(values_S.var(ddof=1)) / num
        factor = float(stats.t.ppf(0.975, num - 1))
    mean, half = float(values_S.mean()), factor * error**0.5
    return Interval(mean, mean - half, mean + half, [float(v) for v in values_S])


class Judge:
    """Figures of rankings of one set of cells."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        sizes_P = cells.params_P.astype(np.float64)
        self._scopes: dict[str, Scope] = scopes(cells.truth_P, sizes_P, size_rule(sizes_P, cells.truth_P))
        self._weights_PR = multiplicities(len(cells), RESAMPLES, 0)

    def values(self, scores_P: Floats) -> dict[str, Floats]:
        """(R,) of each figure."""
        truth_P, weights_PR = self.cells.truth_P, self._weights_PR

        def tau(scope: str) -> Floats:
            return kendall_values(scores_P, truth_P, self._scopes[scope], weights_PR)

        drawn_PR = (weights_PR > 0).astype(weights_PR.dtype)  # a cell that is drawn twice is one cell to pick
        return {
            "tau": tau("overall"),
            "tau_within_size": tau("within_size"),
            "tau_top_half": tau("top_half"),
            "tau_top_tenth": tau("top_tenth"),
            "pick_accuracy": 100 * top_mean(scores_P, truth_P, drawn_PR, 1),
            "top10_accuracy": 100 * top_mean(scores_P, truth_P, drawn_PR, TOP),
            "partial_size_correlation": self._partial(scores_P),
        }

    def _partial(self, scores_P: Floats) -> Floats:
        """(R,) rank correlation of score and size given the truth; its null is 0."""
        truth_P, sizes_P = self.cells.truth_P, self.cells.params_P.astype(np.float64)
        ab, at, bt = (
            pair_sums(one, other, self._weights_PR).spearman()
            for one, other in ((scores_P, sizes_P), (scores_P, truth_P), (sizes_P, truth_P))
        )
        with np.errstate(divide="ignore", invalid="ignore"):  # of the size with itself there is none
            return np.asarray((ab - at * bt) / np.sqrt((1 - at**2) * (1 - bt**2)))

    def intervals(self, rankings: Sequence[Floats]) -> dict[str, Interval]:
        """Every figure of a ranking with S seeds."""
        values = [self.values(scores_P) for scores_P in rankings]
        return {name: interval(np.stack([v[name] for v in values])) for name in values[0]}

    def difference(self, ours: Sequence[Floats], theirs: Sequence[Floats], figure: str) -> Interval:
        """Ours minus theirs, paired by seed and by resample; one ranking of theirs is compared with every seed."""
        return interval(self._stack(ours, figure) - self._stack(theirs, figure))

    def _stack(self, rankings: Sequence[Floats], figure: str) -> Floats:
        return np.stack([self.values(scores_P)[figure] for scores_P in rankings])


def fused(scores_P: Floats, cells: Cells) -> Floats:
    """Predictions from operation counts and the one-shot score's rank; each fold by a fit on the others."""
    return fused_ranking(scores_P, cells.counts_PO.astype(np.float64), cells.truth_P, 0)


def counts_alone(cells: Cells) -> Floats:
    """The same from operation counts alone, in the same folds."""
    return cross_fitted(cells.counts_PO.astype(np.float64), cells.truth_P, 0)
