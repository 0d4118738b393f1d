"""What a run shows: its incumbents, when it succeeded, and figures over seeds with intervals.

Shapes: Q queries, R runs, B bootstrap resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.evaluation.tabular import TabularEvaluator

TOP_PERMILLE = 0.9418  # test accuracy of the best 16 of 15,625 rows
RESAMPLES = 10_000


def row(evaluator: TabularEvaluator) -> dict[str, Any]:
    """The incumbents (highest signal so far) as [query, architecture, signal, test], and when the first succeeded."""
    table, best, incumbents = evaluator.table, -1.0, []
    for query, identity in enumerate(evaluator.queried, start=1):
        k = table.row(identity)
        signal, test = float(table.valid_accuracy_PS[k, evaluator.seed]), float(table.test_accuracy_P[k])
        if signal > best:
            best = signal
            incumbents.append([query, str(table.architectures[k]), round(signal, 6), round(test, 6)])
    good = [query for query, _, _, test in incumbents if test >= TOP_PERMILLE]
    return {
        "queries": evaluator.num_queries,
        "queries_to_top_permille": good[0] if good else None,  # None: never within the budget
        "succeeds_at_the_end": incumbents[-1][3] >= TOP_PERMILLE,  # a later incumbent may be worse in truth
        "incumbents": incumbents,
    }


def figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Median queries to success (a run without success counts as infinite; infinite: None) and the curve."""
    counts_R = np.array(
        [np.inf if r["queries_to_top_permille"] is None else r["queries_to_top_permille"] for r in rows]
    )
    rng = np.random.default_rng(0)
    medians_B = np.median(counts_R[rng.integers(len(rows), size=(RESAMPLES, len(rows)))], axis=1)
    low, high = np.quantile(medians_B, [0.025, 0.975], method="inverted_cdf")
    return {
        "median_queries_to_top_permille": _number(float(np.median(counts_R))),
        "low": _number(float(low)),
        "high": _number(float(high)),
        "seeds": len(rows),
        "never": int(np.isinf(counts_R).sum()),
        "succeed_at_the_end": int(sum(r["succeeds_at_the_end"] for r in rows)),
        "curve": curve(rows),
    }


def curve(rows: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """By query: the incumbents' mean test accuracy with a bootstrap interval, and the share of runs that succeed."""
    last = min(r["queries"] for r in rows)
    grid = [q for q in range(1, last + 1) if q <= 100 or q % 10 == 0]
    test_RQ = np.array([_incumbent_test(r["incumbents"], grid) for r in rows])
    picks_BR = np.random.default_rng(0).integers(len(rows), size=(1000, len(rows)))
    low_Q, high_Q = np.quantile(test_RQ[picks_BR].mean(1), [0.025, 0.975], axis=0)
    return {
        "queries": grid,
        "test_accuracy": test_RQ.mean(0).round(5).tolist(),
        "low": low_Q.round(5).tolist(),
        "high": high_Q.round(5).tolist(),
        "share_in_top_permille": (test_RQ >= TOP_PERMILLE).mean(0).round(4).tolist(),
    }


def _incumbent_test(incumbents: list[list[Any]], grid: Sequence[int]) -> NDArray[np.float64]:
    starts = np.array([query for query, *_ in incumbents])
    tests = np.array([test for *_, test in incumbents])
    return np.asarray(tests[np.searchsorted(starts, grid, side="right") - 1])


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
