"""Checks on entry. Shapes: P architectures, O operations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnao.errors import SettingError, require
from bnao.objective.info import ACCURACY, MetricInfo

Floats = NDArray[np.float64]
FEWEST = 3
"""Architectures: two make one pair, which says nothing of a ranking."""
FEWEST_RESAMPLES = 50


def numbers(name: str, values: ArrayLike, count: int | None = None, *, missing: bool = False) -> Floats:
    """``values`` as a new (P,) array of finite numbers, NaN too if ``missing``; ``count`` is P where it is known.

    Raises SettingError for anything else.
    """
    values_P = _array(name, values)
    require(values_P.ndim == 1, f"{name} is a list of numbers, one per architecture", values_P.shape, "flatten it")
    if count is None:
        require(len(values_P) >= FEWEST, f"a ranking needs {FEWEST} architectures", len(values_P), "give more of them")
    else:
        require(
            len(values_P) == count,
            f"{name} has one number for each of the {count} architectures",
            len(values_P),
            "give all lists in the same order and of the same length",
        )
    wrong_P = np.isinf(values_P) if missing else ~np.isfinite(values_P)
    if wrong_P.any():
        first = int(np.flatnonzero(wrong_P)[0])
        raise SettingError(
            f"{name} are finite; received {values_P[first]} at position {first} ({int(wrong_P.sum())} of "
            f"{len(values_P)} are not finite): leave it out of all lists, or give it a number you can name (a training "
            "that diverged is the worst outcome: one below the worst)"
        )
    return values_P


def truths(name: str, values: ArrayLike, count: int, metric: MetricInfo = ACCURACY, *, missing: bool = False) -> Floats:
    """``values`` of ``metric`` as (P,) utilities. Raises SettingError for shares beyond [0, 1], percentages too."""
    values_P = numbers(name, values, count, missing=missing)
    given = values_P[~np.isnan(values_P)]
    if metric.is_share and len(given):
        worst = float(max(given, key=lambda value: abs(value - 0.5)))
        what = "accuracies" if metric.name == "accuracy" else f"values of {metric.name}"
        require(0 <= worst <= 1, f"{name} holds {what} in [0, 1]", worst, "divide percentages by 100")
    return values_P if metric.higher_is_better else -values_P


def sizes(name: str, values: ArrayLike, count: int) -> Floats:
    """``values`` as (P,) sizes of 0 or more. Raises SettingError for anything else."""
    values_P = numbers(name, values, count)
    low = float(values_P.min())
    require(low >= 0, f"{name} are numbers of parameters, 0 or more", low, "give counts, not their logarithms")
    return values_P


def table(name: str, values: ArrayLike, count: int) -> Floats:
    """``values`` as a (P, O) table of finite numbers, O >= 1. Raises SettingError for anything else."""
    values_PO = _array(name, values)
    require(
        values_PO.ndim == 2 and len(values_PO) == count and values_PO.shape[1] >= 1,
        f"{name} is a table with a row for each of the {count} architectures and a column per operation",
        values_PO.shape,
        "stack one row of counts per architecture",
    )
    require(bool(np.isfinite(values_PO).all()), f"{name} are finite", "a number that is not", "count anew")
    return values_PO


def settings(confidence: float, resamples: int) -> None:
    """Raise SettingError unless 0 < confidence < 1 and there are enough resamples."""
    require(0 < confidence < 1, "the confidence is in (0, 1)", confidence, "0.95 is usual")
    require(
        resamples >= FEWEST_RESAMPLES,
        f"an interval needs {FEWEST_RESAMPLES} resamples or more",
        resamples,
        "1000 take seconds",
    )


def _array(name: str, values: Any) -> Floats:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"{name} are numbers; received {type(values).__name__} ({error}): give a list or an array of floats"
        ) from error
