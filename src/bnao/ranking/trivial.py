"""Rankings that need no supernet: what a score has to beat. Shapes: P architectures, O operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.bootstrap import Estimate
from bnao.ranking.correlation import kendall, midranks
from bnao.ranking.counts_fit import cross_fitted
from bnao.ranking.figures import RankingFigures

Floats = NDArray[np.float64]

SCORE, FUSED = "score", "fused"
SIZE, LIVE_SIZE, COUNTS_FIT = "size", "live_size", "op_counts_fit"
SMALLEST = {SIZE: "smallest_size", LIVE_SIZE: "smallest_live_size"}
"""What a ranking by size is called where the small ones come first."""
TITLES = {
    SIZE: "the number of parameters",
    LIVE_SIZE: "the size of the live operations",
    SMALLEST[SIZE]: "the number of parameters, fewest first",
    SMALLEST[LIVE_SIZE]: "the size of the live operations, smallest first",
    COUNTS_FIT: "a fit on operation counts",
}


@dataclass(frozen=True)
class TrivialRanking:
    """A trivial ranking, and by how much tau of the score exceeds its tau within the same resamples."""

    figures: RankingFigures
    lead: Estimate
    lead_within_size: Estimate


@dataclass(frozen=True)
class Fused:
    """Does the supernet know something that counting does not? A fit on counts and score, against one on counts alone.

    Both are cross-fitted in the same folds, and the score enters by its rank. The interval takes the fitted predictions
    as they are; it does not fit anew in every resample.
    """

    figures: RankingFigures
    lead: Estimate  # tau of the fused fit minus tau of the fit on counts
    lead_within_size: Estimate


def trivial_rankings(
    sizes_P: Floats, live_sizes_P: Floats | None, op_counts_PO: Floats | None, truth_P: Floats, seed: int
) -> dict[str, Floats]:
    """(P,) each, by name, those that can be had from what is given.

    By size the small ones come first, under another name, where that agrees better with the truth of this sample.
    """
    found: dict[str, Floats] = {}
    for name, values_P in ((SIZE, sizes_P), (LIVE_SIZE, live_sizes_P)):
        if values_P is not None:
            falls = (kendall(values_P, truth_P) or 0.0) < 0
            found |= {SMALLEST[name]: -values_P} if falls else {name: values_P}
    if op_counts_PO is not None:
        found[COUNTS_FIT] = cross_fitted(op_counts_PO, truth_P, seed)
    return found


def fused_ranking(scores_P: Floats, op_counts_PO: Floats, truth_P: Floats, seed: int) -> Floats:
    """(P,) cross-fitted prediction from counts and the rank of the score, in the folds of the counts alone."""
    return cross_fitted(np.column_stack([op_counts_PO, midranks(scores_P)]), truth_P, seed, op_counts_PO)
