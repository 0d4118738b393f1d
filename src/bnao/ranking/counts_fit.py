"""A ranking by counting: a linear fit of the truth on numbers of operations, always predicted where it was not fitted.

The target is the *rank* of the truth, for accuracies are skewed: a few broken networks would decide a fit to the values
(NAS-Bench-201, live operations, 40 cells fitted, 1500 others ranked, 5 draws: tau 0.68 against 0.60).

Shapes: P architectures, O counted operations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnao.errors import require
from bnao.ranking import inputs
from bnao.ranking.correlation import midranks
from bnao.rng import generator

Floats = NDArray[np.float64]
FOLDS = 10
REPEATS = 10
"""Divisions into folds whose predictions are averaged, so that no single one decides."""


@dataclass(frozen=True)
class CountsFit:
    """``fit(counts_PO) -> (P,)``: the predicted share of the fitted architectures that are worse, 0 to 1 or so."""

    slopes: tuple[float, ...]
    centre: tuple[float, ...]
    intercept: float

    def __call__(self, counts_PO: ArrayLike) -> Floats:
        """(P,) predictions. Raises SettingError for another number of columns."""
        counts = np.asarray(counts_PO, dtype=np.float64)
        require(
            counts.ndim == 2 and counts.shape[1] == len(self.slopes),
            f"the fit knows {len(self.slopes)} counts per architecture",
            counts.shape,
            "give the columns it was fitted on",
        )
        return np.asarray((counts - np.array(self.centre)) @ np.array(self.slopes) + self.intercept)


def fit_counts(counts_PO: ArrayLike, truth_P: ArrayLike) -> CountsFit:
    """Least squares of the truth's ranks on the counts, with an intercept; for architectures apart from those judged.

    Columns are scaled before the fit, and of all equally good ones it is the smallest, so columns that depend on each
    other (counts of a fixed number of places do) are no difficulty. Raises SettingError for bad shapes or numbers.

    >>> fit = fit_counts([[0, 1], [1, 1], [2, 0], [3, 0]], [0.1, 0.2, 0.3, 0.4])
    >>> fit([[1, 1], [3, 0]]).round(3).tolist()
    [0.333, 1.0]
    """
    truth = inputs.numbers("truth", truth_P)
    counts = inputs.table("counts", counts_PO, len(truth))
    return _fit(counts, truth)


def _fit(counts_PO: Floats, truth_P: Floats) -> CountsFit:
    target_P = (midranks(truth_P) - 1) / (len(truth_P) - 1)
    centre_O, spread_O = counts_PO.mean(axis=0), counts_PO.std(axis=0)
    spread_O = np.where(spread_O > 1e-12 * np.maximum(np.abs(centre_O), 1), spread_O, np.inf)  # a constant says nothing
    intercept = float(target_P.mean())
    slopes_O = np.linalg.lstsq((counts_PO - centre_O) / spread_O, target_P - intercept, rcond=1e-9)[0] / spread_O
    return CountsFit(tuple(slopes_O.tolist()), tuple(centre_O.tolist()), intercept)


def cross_fitted(counts_PO: Floats, truth_P: Floats, seed: int) -> Floats:
    """(P,) ranking in which each architecture is predicted by fits that did not see it: 10 divisions in 10 folds.

    Of each fit only the slopes are used, around the centre of all counts: the mean of nine folds is high where the
    tenth's is low, so that intercepts would rank the folds wrongly and push tau below 0 where counts say nothing.
    """
    num = len(truth_P)
    predicted_P, centred_PO = np.zeros(num), counts_PO - counts_PO.mean(axis=0)
    for repeat in range(REPEATS):
        order_P = generator(seed, "ranking", "folds", repeat).permutation(num)
        for fold_Q in np.array_split(order_P, min(FOLDS, num)):
            others = np.setdiff1d(order_P, fold_Q)
            fit = _fit(counts_PO[others], truth_P[others])
            predicted_P[fold_Q] += centred_PO[fold_Q] @ np.array(fit.slopes)
    # Sums of equal terms may differ in the last bits: equal counts in one fold are to stay tied.
    return np.round(predicted_P / REPEATS, 12)
