"""A table of latencies from whole networks alone, for spaces whose pieces are no modules that could be measured.

The latency of N networks is explained by the T parts that each has or has not, none of which may speed a network up:

    whole = offset + pace * multiply-adds + sum over its parts of part_t,    all of them >= 0

with least *relative* squares, and a ridge penalty on the parts only: what few networks say little of is held to be as
slow as its multiply-adds say. The penalty's strength is the one that predicts best what was not fitted, in
:data:`FOLDS` folds; the error that is reported is that of these predictions, over the networks drawn at random.

Shapes: N networks, T parts, C candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST, MOST = 24, 48
"""Networks that are measured: twice as many as there are parts, within these bounds."""
FOLDS = 8
PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""In squares of the mean network's latency, for each measured network."""


@dataclass(frozen=True)
class WholeFit:
    """Milliseconds: ``offset_ms`` of every network, and ``part_ms`` (T,) of each part with its multiply-adds.

    ``error``: root mean square of (prediction / whole - 1) of networks that were not fitted; None where it cannot be
    told.
    """

    offset_ms: float
    part_ms: Floats
    error: float | None


def num_networks(num_parts: int) -> int:
    """How many whole networks are to be measured.

    >>> num_networks(5), num_networks(20), num_networks(500)
    (24, 40, 48)
    """
    return min(max(2 * num_parts, FEWEST), MOST)


def informative(parts_CT: NDArray[np.int64], count: int) -> tuple[list[int], list[int]]:
    """Which of C candidates, drawn at random, to measure: the chosen ones, and those that stay a random sample.

    Half of ``count`` are chosen one by one, each that whose parts are known least (greedy D-optimal design), so that
    rare parts are in some; the other half are the first of those that are left.
    """
    num = len(parts_CT)
    if num <= count:
        return [], list(range(num))
    rows_C = np.column_stack([np.ones(num), parts_CT]).astype(np.float64)
    inverse = np.eye(rows_C.shape[1]) / 1e-3
    chosen: list[int] = []
    for _ in range(count // 2):
        unknown_C = ((rows_C @ inverse) * rows_C).sum(axis=1)
        unknown_C[chosen] = -np.inf
        best = int(unknown_C.argmax())
        chosen.append(best)
        spread = inverse @ rows_C[best]
        inverse = inverse - np.outer(spread, spread) / (1.0 + rows_C[best] @ spread)
    return chosen, [k for k in range(num) if k not in set(chosen)][: count - len(chosen)]


def fit_wholes(
    parts_NT: NDArray[np.int64], part_macs_T: NDArray[np.int64], wholes_N: Floats, random_N: NDArray[np.bool_]
) -> WholeFit:
    """The fit to N networks of ``wholes_N`` milliseconds; ``random_N`` marks those that were drawn at random.

    >>> rng = np.random.default_rng(0)
    >>> parts = rng.integers(0, 2, (30, 4))
    >>> wholes = 2.0 + parts @ [0.0, 1.0, 2.0, 3.0]
    >>> found = fit_wholes(parts, np.zeros(4, dtype=np.int64), wholes, np.ones(30, dtype=bool))
    >>> [round(float(x), 1) for x in (found.offset_ms, *found.part_ms)], found.error < 0.01
    ([2.0, 0.0, 1.0, 2.0, 3.0], True)
    """
    macs_N = (parts_NT @ part_macs_T).astype(np.float64)
    scale = float(macs_N.max()) or 1.0
    rows_N = np.column_stack([np.ones(len(wholes_N)), macs_N / scale, parts_NT])
    folds_N = np.arange(len(wholes_N)) % FOLDS
    best, penalty = np.inf, PENALTIES[-1]
    errors_N = np.full(len(wholes_N), np.nan)
    if len(wholes_N) >= FOLDS:
        for candidate in PENALTIES:
            left_N = np.empty(len(wholes_N))
            for fold in range(FOLDS):
                out_N = folds_N == fold
                left_N[out_N] = rows_N[out_N] @ _solve(rows_N[~out_N], wholes_N[~out_N], candidate)
            relative_N = left_N / wholes_N - 1
            if (total := float((relative_N**2).sum())) < best:
                best, penalty, errors_N = total, candidate, relative_N
    solution = _solve(rows_N, wholes_N, penalty)
    judged_N = errors_N[random_N]
    known = len(judged_N) > 2 and bool(np.isfinite(judged_N).all())
    return WholeFit(
        offset_ms=float(solution[0]),
        part_ms=solution[2:] + solution[1] * part_macs_T / scale,
        error=float(np.sqrt((judged_N**2).mean())) if known else None,
    )


def _solve(rows_N: Floats, wholes_N: Floats, penalty: float) -> Floats:
    """Least relative squares, none below 0; the first two columns bear no penalty."""
    from scipy.optimize import nnls

    num_parts = rows_N.shape[1] - 2
    mean = float(wholes_N.mean())
    ridge = np.sqrt(penalty * len(wholes_N)) * np.eye(num_parts) / mean
    left = np.vstack([rows_N / wholes_N[:, None], np.column_stack([np.zeros((num_parts, 2)), ridge])])
    right = np.concatenate([np.ones(len(wholes_N)), np.zeros(num_parts)])
    return np.asarray(nnls(left, right)[0], dtype=np.float64)
