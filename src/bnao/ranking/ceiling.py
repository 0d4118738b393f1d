"""How well could any ranking do, given that a stand-alone training with another seed ranks differently?

What is measured is the agreement of two seeds. What a perfect ranking would reach against *one* seed is higher, for it
carries no noise of its own; that it cannot be measured, only computed from a model:

    truth_k = quality + noise_k, two seeds with independent noise of equal size (classical test theory), and ranks that
    are those of normal variables. The seeds' correlation is then the reliability r, and the correlation of the quality
    with one seed sqrt(r) (Spearman 1904, "The proof and measurement of association between two things").

Rank correlations are turned into r and back by the formulas for normal variables, ``r = sin(pi tau / 2)`` and
``r = 2 sin(pi rho / 6)`` (Kruskal 1958, "Ordinal measures of association"). Accuracies are skewed, and noise differs
between networks: read the ideal figures as an estimate, the measured ones as facts. Both hold for the kind of
architectures that got a second seed: among the best ones the ceiling is lower. Both seeds are measured on the same
images, whose chance they share and a score does not: where these are few, a score's ceiling is lower, too.

Shapes: Q architectures with two seeds, R columns of the bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.bootstrap import Estimate, multiplicities
from bnao.ranking.figures import Figures, scope_figures
from bnao.ranking.pair_sums import Near
from bnao.ranking.scopes import Scope, SizeRule

Floats = NDArray[np.float64]
MODEL = "truth = quality + noise, independent and of equal size in both seeds; ranks as of normal variables"


@dataclass(frozen=True)
class Ceiling:
    """Noise of the truth. The ideal figures are those of a perfect ranking against one seed, under ``model``."""

    num_architectures: int  # with a second seed
    seeds: Figures  # one seed against the other, measured
    seeds_within_size: Figures
    ideal_kendall: Estimate
    ideal_spearman: Estimate
    model: str = MODEL


def ceiling(
    truth_P: Floats,
    second_P: Floats,
    sizes_P: Floats,
    rule: SizeRule,
    *,
    confidence: float,
    resamples: int,
    seed: int,
) -> Ceiling | None:
    """The ceiling from architectures with a second seed (the others are NaN); None if no two have one."""
    two_Q = np.flatnonzero(np.isfinite(second_P))
    if len(two_Q) < 2:
        return None
    first_Q, second_Q, everyone = truth_P[two_Q], second_P[two_Q], np.arange(len(two_Q))
    weights_QR = multiplicities(len(two_Q), resamples, seed)
    near = Near(sizes_P[two_Q], rule.tolerance)
    seeds = scope_figures(second_Q, first_Q, Scope(everyone), weights_QR, confidence)
    return Ceiling(
        num_architectures=len(two_Q),
        seeds=seeds,
        seeds_within_size=scope_figures(second_Q, first_Q, Scope(everyone, near), weights_QR, confidence),
        ideal_kendall=_through(ideal_kendall, seeds.kendall),
        ideal_spearman=_through(ideal_spearman, seeds.spearman),
    )


def _through(grows: Callable[[Floats], Floats], found: Estimate) -> Estimate:
    """The estimate of what grows with another figure, whose order in the resamples is its own."""
    if found.value is None or found.low is None or found.high is None:
        return found
    value, low, high = grows(np.array([found.value, found.low, found.high])).tolist()
    return replace(found, value=value, low=low, high=high)


def ideal_kendall(tau_R: Floats) -> Floats:
    """Tau of a perfect ranking with one seed, from the tau of two seeds; 0 for seeds that do not agree.

    >>> ideal_kendall(np.array([-0.1, 0.0, 0.5, 1.0])).round(3).tolist()
    [0.0, 0.0, 0.636, 1.0]
    """
    return np.asarray(2 / np.pi * np.arcsin(np.sqrt(np.maximum(np.sin(np.pi / 2 * tau_R), 0))))


def ideal_spearman(rho_R: Floats) -> Floats:
    """Rho of a perfect ranking with one seed, from the rho of two seeds; 0 for seeds that do not agree.

    >>> ideal_spearman(np.array([-0.1, 0.0, 0.5, 1.0])).round(3).tolist()
    [0.0, 0.0, 0.703, 1.0]
    """
    return np.asarray(6 / np.pi * np.arcsin(np.sqrt(np.maximum(2 * np.sin(np.pi / 6 * rho_R), 0)) / 2))
