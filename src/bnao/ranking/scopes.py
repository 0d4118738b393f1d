"""Among which pairs a ranking is judged: all, those of equal size, the top half, the top tenth.

- **Within equal size**: a ranking that only knows "bigger is better" is worth nothing here. Pairs of exactly equal size
  are pooled where there are enough of them; else, as for sizes that vary continuously, pairs whose sizes differ by at
  most 2 % of the larger.
- **Top half, top tenth**: the architectures whose truth is at least that of the ``ceil(P/2)``-th or ``ceil(P/10)``-th
  best; ties at the edge are in. The set is fixed by the whole sample: a resample weighs its members and draws no new
  edge, so an interval is that of the ranking among *these* accuracies. A noisy truth also chooses the set, which
  lowers the figures within it, for a perfect ranking too.

Shapes: P architectures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bnao.ranking.pair_sums import Near

Floats = NDArray[np.float64]

EXACT_PAIRS = 30
"""With fewer pairs of exactly equal size (and unequal truth), pairs of nearly equal size are taken."""
TOLERANCE = 0.02
"""How much the sizes of such a pair may differ, as a share of the larger."""
PARTS = {"top_half": 0.5, "top_tenth": 0.1}


@dataclass(frozen=True)
class SizeRule:
    """What "equal size" means for this sample. ``num_pairs`` counts pairs of unequal truth that keep the rule."""

    kind: Literal["equal", "within_tolerance"]
    tolerance: float
    num_pairs: int
    num_equal_pairs: int


@dataclass(frozen=True)
class Scope:
    """Some architectures, and which of their pairs are compared (all, where ``near`` is None)."""

    members_Q: NDArray[np.intp]
    near: Near | None = None


def size_rule(sizes_P: Floats, truth_P: Floats) -> SizeRule:
    """Exactly equal sizes if they make :data:`EXACT_PAIRS` pairs, else sizes within :data:`TOLERANCE`."""
    equal = num_pairs(truth_P, Near(sizes_P, 0.0))
    if equal >= EXACT_PAIRS:
        return SizeRule("equal", 0.0, equal, equal)
    return SizeRule("within_tolerance", TOLERANCE, num_pairs(truth_P, Near(sizes_P, TOLERANCE)), equal)


def num_pairs(truth_P: Floats, near: Near | None = None) -> int:
    """Pairs of unequal truth, all or those that are near each other."""
    pairs = 0
    for start in range(0, len(truth_P), 512):
        unequal_BP = truth_P[start : start + 512, None] != truth_P
        pairs += int((unequal_BP & (near.block(start, start + 512) > 0)).sum() if near else unequal_BP.sum())
    return pairs // 2


def top_part(truth_P: Floats, share: float) -> NDArray[np.intp]:
    """Which architectures are among the best ``share`` by truth, ties at the edge included.

    >>> top_part(np.array([0.1, 0.4, 0.3, 0.3]), 0.5).tolist()
    [1, 2, 3]
    """
    edge = np.sort(truth_P)[-math.ceil(share * len(truth_P))]
    return np.flatnonzero(truth_P >= edge)


def scopes(truth_P: Floats, sizes_P: Floats, rule: SizeRule) -> dict[str, Scope]:
    """By name: ``overall``, ``within_size``, ``top_half``, ``top_tenth``."""
    everyone = np.arange(len(truth_P))
    parts = {name: Scope(top_part(truth_P, share)) for name, share in PARTS.items()}
    return {
        "overall": Scope(everyone),
        "within_size": Scope(everyone, Near(sizes_P, rule.tolerance)),
        **parts,
    }
