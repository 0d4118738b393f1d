"""Scores of a pool: the check on entry, the scale the predictor learns, and pairwise accuracy.

Shapes: P architectures. Scores are higher-is-better (a loss is negated before it comes here).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnao.arch import Architecture
from bnao.errors import SettingError, require


def checked_scores(architectures: Sequence[Architecture], scores: ArrayLike) -> NDArray[np.float64]:
    """``scores`` as a new (P,) float64 array, one finite number for each of P >= 1 architectures.

    Raises SettingError for no architectures, another number of scores, or a score that is NaN or infinite.
    """
    scores_P = _as_numbers(scores)
    count = len(architectures)
    require(count >= 1, "there is at least one scored architecture", count, "give architectures and scores")
    require(
        scores_P.shape == (count,),
        f"each of {count} architectures has one score",
        scores_P.shape,
        f"give {count} numbers",
    )
    bad = np.flatnonzero(~np.isfinite(scores_P))
    if len(bad):
        first = int(bad[0])
        raise SettingError(
            f"scores are finite; received {scores_P[first]} as score {first + 1} (of {architectures[first]}; "
            f"{len(bad)} of {count} are not finite): leave the architecture out, or give it a score you can name"
        )
    return scores_P


def _as_numbers(scores: Any) -> NDArray[np.float64]:
    try:
        return np.array(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"scores are numbers; received {type(scores).__name__} ({error}): give a list or array of floats"
        ) from error


def scaled(scores_P: NDArray[np.float64], clip_quantile: float) -> NDArray[np.float64]:
    """(P,) targets in [0, 1]: ``s = max(s, quantile(s, q)); (s - min) / (max - min)``; 0.5 if all are equal.

    The clip (our deviation from arXiv 1909.10815, section 3: plain min-max) keeps one diverged network from flattening
    the scale; ``clip_quantile = 0`` is the paper's.

    >>> scaled(np.array([-1e9, 0.0, 1.0, 2.0, 4.0]), 0.25).tolist()
    [0.0, 0.0, 0.25, 0.5, 1.0]
    """
    clipped_P = np.maximum(scores_P, np.quantile(scores_P, clip_quantile))
    low, high = clipped_P.min(), clipped_P.max()
    if low == high:
        return np.full(scores_P.shape, 0.5)
    # Divide first: the difference of two huge finite scores may overflow.
    size = max(abs(low), abs(high))
    return np.asarray((clipped_P / size - low / size) / (high / size - low / size), dtype=np.float64)


def pairwise_accuracy(predicted_P: NDArray[np.float64], truth_P: NDArray[np.float64]) -> float:
    """Share of the pairs of unequal truth that the prediction orders rightly, in [0, 1]; NaN if there is no such pair.

    A pair with equal truth is no pair; one with equal predictions counts half, as a coin would. (arXiv 1808.07233,
    section 4.1; 0.5 is chance, 2 * accuracy - 1 is Goodman and Kruskal's gamma up to the ties.)

    >>> pairwise_accuracy(np.array([0.1, 0.3, 0.2, 0.2]), np.array([1.0, 2.0, 3.0, 3.0]))
    0.6
    """
    above, below = np.triu_indices(len(truth_P), k=1)
    truth = np.sign(truth_P[above] - truth_P[below])
    agree = np.sign(predicted_P[above] - predicted_P[below]) * truth
    pairs = int(np.count_nonzero(truth))
    return float((agree.sum() / pairs + 1.0) / 2.0) if pairs else float("nan")
