"""Rankings that need no supernet: what a score has to beat. Shapes: P architectures, O operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.bootstrap import Estimate
from bnao.ranking.correlation import midranks
from bnao.ranking.counts_fit import cross_fitted
from bnao.ranking.figures import RankingFigures

Floats = NDArray[np.float64]

SCORE, FUSED = "score", "fused"
SIZE, LIVE_SIZE, COUNTS_FIT = "size", "live_size", "op_counts_fit"
TITLES = {
    SIZE: "the number of parameters",
    LIVE_SIZE: "the size of the live operations",
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
    """(P,) each, by name, those that can be had from what is given."""
    found = {SIZE: sizes_P}
    if live_sizes_P is not None:
        found[LIVE_SIZE] = live_sizes_P
    if op_counts_PO is not None:
        found[COUNTS_FIT] = cross_fitted(op_counts_PO, truth_P, seed)
    return found


def fused_ranking(scores_P: Floats, op_counts_PO: Floats, truth_P: Floats, seed: int) -> Floats:
    """(P,) cross-fitted prediction from operation counts and the rank of the score."""
    return cross_fitted(np.column_stack([op_counts_PO, midranks(scores_P)]), truth_P, seed)
