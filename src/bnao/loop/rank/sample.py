"""Which architectures of the pool are trained alone. Shapes: P architectures of the pool."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bnao.loop.rank.plan import RankPlan
from bnao.rng import generator

STRATA = 5
"""Classes of size that hold equally many architectures of the pool."""


def sample_order(sizes_P: ArrayLike, plan: RankPlan) -> list[int]:
    """Positions in the pool of all P architectures in the order of the draw: a sample of n is its first n.

    Uniform: a random permutation. By size: the pool in order of size (ties in random order) is cut into
    :data:`STRATA` equal parts, and each block of so many draws takes one from each, in random order. So any first n
    hold equally many of each part, give or take one, and the share of each size is that of the pool: what is estimated
    is the same, with less chance in it.

    >>> plan = RankPlan(round=1, architectures=5, stratify="size", second_seed=0, seed=0)
    >>> sorted(position // 2 for position in sample_order([10, 20, 30, 40, 50, 60, 70, 80, 90, 99], plan)[:5])
    [0, 1, 2, 3, 4]
    """
    sizes = np.asarray(sizes_P)
    shuffled_P = generator(plan.seed, "rank", "sample").permutation(len(sizes))
    if plan.stratify == "none":
        return [int(k) for k in shuffled_P]
    by_size_P = shuffled_P[np.argsort(sizes[shuffled_P], kind="stable")]
    rng = generator(plan.seed, "rank", "strata")
    strata = [list(rng.permutation(part)) for part in np.array_split(by_size_P, STRATA)]
    order: list[int] = []
    while any(strata):
        order += [int(strata[k].pop()) for k in rng.permutation(STRATA) if strata[k]]
    return order
