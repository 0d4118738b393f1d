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
FEWEST = 2  # architectures that a fit needs
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


def cross_fitted(features_PO: Floats, truth_P: Floats, seed: int, together_PO: Floats | None = None) -> Floats:
    """(P,) ranking in which each architecture is predicted by fits that did not see it: 10 divisions in 10 folds.

    Architectures that are equal in ``together_PO`` (by default in the features) are in one fold. Apart from one
    another, each would be predicted by fits that have seen its twins and not itself, and the better of two would be
    predicted the worse: counts would rank what they cannot tell apart, and wrongly.

    Of each fit only the slopes are used, around the centre of all counts: the mean of nine folds is high where the
    tenth's is low, so that intercepts would rank the folds wrongly and push tau below 0 where counts say nothing.
    """
    predicted_P, centred_PO = np.zeros(len(truth_P)), features_PO - features_PO.mean(axis=0)
    alike_PO = features_PO if together_PO is None else together_PO
    group_P = np.unique(alike_PO, axis=0, return_inverse=True)[1].reshape(-1)
    num_groups = int(group_P.max()) + 1
    for repeat in range(REPEATS):
        order_G = generator(seed, "ranking", "folds", repeat).permutation(num_groups)
        for fold in np.array_split(order_G, min(FOLDS, num_groups)):
            held_P = np.isin(group_P, fold)
            if len(truth_P) - held_P.sum() < FEWEST:
                continue  # what is left is too little for a fit: nothing is predicted
            fit = _fit(features_PO[~held_P], truth_P[~held_P])
            predicted_P[held_P] += centred_PO[held_P] @ np.array(fit.slopes)
    # Sums of equal terms may differ in the last bits: equal features are to stay tied.
    return np.round(predicted_P / REPEATS, 12)
