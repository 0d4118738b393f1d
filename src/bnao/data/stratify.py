"""Class-stratified, seeded choice of images. Imports no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnao.errors import DataError

Ints = NDArray[np.int64]


def groups(classes_N: Ints | None, num: int) -> tuple[Ints, int]:
    """Classes as numbers 0, 1, ... without gaps, and how many there are; without classes all ``num`` are of one.

    >>> groups(np.array([7, 3, 7]), 3)[0].tolist(), groups(None, 2)[0].tolist()
    ([1, 0, 1], [0, 0])
    """
    if classes_N is None:
        return np.zeros(num, dtype=np.int64), 1
    found, labels_N = np.unique(classes_N, return_inverse=True)
    return labels_N.astype(np.int64), len(found)


def apportion(counts_K: Ints, total: int) -> Ints:
    """How many of each class to choose so that they sum to ``total``, by largest remainder (ties: the lower class).

    >>> apportion(np.array([10, 10, 5]), 5).tolist()
    [2, 2, 1]
    """
    assert 0 <= total <= counts_K.sum()
    exact = counts_K * (total / max(int(counts_K.sum()), 1))
    chosen: Ints = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - chosen), kind="stable")
    chosen[order[: total - int(chosen.sum())]] += 1
    return chosen


def choose(labels_N: Ints, quota_K: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Indices of ``quota_K[k]`` images of each class k, and the indices of the others; both ascending."""
    chosen = np.zeros(len(labels_N), dtype=bool)
    for k, quota in enumerate(quota_K):
        members = np.flatnonzero(labels_N == k)
        chosen[rng.permutation(members)[:quota]] = True
    return np.flatnonzero(chosen), np.flatnonzero(~chosen)


def mixed_order(labels_N: Ints, rng: np.random.Generator) -> Ints:
    """A random order (N,) in which every run of neighbours has the classes in about the proportion of the whole.

    The k-th of a class's n images, in random order, is placed at (k + u) / n with u uniform in [0, 1).
    """
    place_N = np.empty(len(labels_N))
    for label in np.unique(labels_N):
        members = rng.permutation(np.flatnonzero(labels_N == label))
        place_N[members] = (np.arange(len(members)) + rng.random(len(members))) / len(members)
    return np.argsort(place_N, kind="stable")


def subset(labels_N: Ints, total: int, num_classes: int, rng: np.random.Generator) -> Ints:
    """Ascending indices of ``total`` images, each class in proportion; all if there are no more than that."""
    if total >= len(labels_N):
        return np.arange(len(labels_N))
    counts = np.bincount(labels_N, minlength=num_classes).astype(np.int64)
    return choose(labels_N, apportion(counts, total), rng)[0]


def divide(
    labels_N: Ints, fraction: float, num_classes: int, rng: np.random.Generator, rule: str, remedy: str
) -> tuple[Ints, Ints]:
    """Ascending indices (kept, set aside): ``fraction`` of each class is set aside, at least one image and not all.

    Sums to ``round(fraction * N)`` unless small classes need more. Raises DataError with ``rule`` and ``remedy`` where
    a class has fewer than two images.
    """
    counts = np.bincount(labels_N, minlength=num_classes).astype(np.int64)
    if counts.min() < 2:
        k = int(counts.argmin())
        raise DataError(f"{rule}, so each needs two images; class {k} has {counts[k]} of {len(labels_N)}: {remedy}")
    quota = apportion(counts, round(fraction * len(labels_N))).clip(1, counts - 1)
    aside, kept = choose(labels_N, quota, rng)
    return kept, aside
