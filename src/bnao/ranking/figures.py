"""Kendall's tau, Spearman's rho and pairwise accuracy of a ranking, each in every scope, with intervals.

Shapes: P architectures, Q of them in a scope, R columns of the bootstrap (the first is the sample itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.bootstrap import Estimate, Weights, pairs_estimate
from bnao.ranking.dyadic import shrinkage, shrunk
from bnao.ranking.pair_sums import pair_sums
from bnao.ranking.perfect import with_limit
from bnao.ranking.pick import PickFigures, pick_figures
from bnao.ranking.scopes import Scope, num_pairs

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """Agreement of a ranking with the truth among some pairs."""

    kendall: Estimate  # tau-b, in [-1, 1]
    spearman: Estimate  # rho, in [-1, 1]; within equal size of ranks among those of that size
    pairwise: Estimate  # share of the pairs in the right order, in [0, 1]; 0.5 is chance


@dataclass(frozen=True)
class RankingFigures:
    """All figures of one ranking. The scopes are those of ``scopes.py``."""

    num_architectures: int
    overall: Figures
    within_size: Figures
    top_half: Figures
    top_tenth: Figures
    pick: PickFigures


def scope_figures(scores_P: Floats, truth_P: Floats, scope: Scope, weights_PR: Weights, confidence: float) -> Figures:
    """The three figures in one scope; where it restricts the pairs, with intervals as of ``dyadic.py``."""
    members = scope.members_Q
    sums = pair_sums(scores_P[members], truth_P[members], weights_PR[members], scope.near)
    compared = num_pairs(truth_P[members], scope.near)
    kendall_R = sums.kendall()
    factor = shrinkage(kendall_R, scores_P[members], truth_P[members], scope.near, confidence)
    tau, rho, pairs = (
        pairs_estimate(shrunk(values_R, factor), compared, confidence)
        for values_R in (kendall_R, sums.spearman(), sums.pairwise())
    )
    return Figures(
        kendall=with_limit(tau, confidence, "kendall"),
        spearman=replace(with_limit(rho, confidence, "spearman"), num=compared.num_architectures),
        pairwise=with_limit(pairs, confidence, "pairwise"),
    )


def ranking_figures(
    scores_P: Floats, truth_P: Floats, scopes: Mapping[str, Scope], weights_PR: Weights, confidence: float
) -> RankingFigures:
    """All figures of the ranking by ``scores_P``; an architecture whose score is NaN takes no part.

    The scopes stay those of all architectures.
    """
    scored_P = np.isfinite(scores_P)
    found = {}
    for name, scope in scopes.items():
        kept_Q = scored_P[scope.members_Q]
        near = None if scope.near is None else scope.near.part(np.flatnonzero(kept_Q))
        found[name] = scope_figures(scores_P, truth_P, Scope(scope.members_Q[kept_Q], near), weights_PR, confidence)
    who = np.flatnonzero(scored_P)
    return RankingFigures(
        num_architectures=len(who),
        overall=found["overall"],
        within_size=found["within_size"],
        top_half=found["top_half"],
        top_tenth=found["top_tenth"],
        pick=pick_figures(scores_P[who], truth_P[who], weights_PR[who], confidence),
    )


def kendall_values(scores_P: Floats, truth_P: Floats, scope: Scope, weights_PR: Weights) -> Floats:
    """(R,) tau-b in one scope on the sample and on each resample, as the bootstrap gives it in every scope."""
    members = scope.members_Q
    sums = pair_sums(scores_P[members], truth_P[members], weights_PR[members], scope.near, ranks=False)
    return sums.kendall()
