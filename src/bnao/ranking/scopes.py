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

from bnao.ranking.bootstrap import MOST_APART, Pairs
from bnao.ranking.pair_sums import BLOCK, Near

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
    equal = num_pairs(truth_P, Near(sizes_P, 0.0)).num
    if equal >= EXACT_PAIRS:
        return SizeRule("equal", 0.0, equal, equal)
    return SizeRule("within_tolerance", TOLERANCE, num_pairs(truth_P, Near(sizes_P, TOLERANCE)).num, equal)


def num_pairs(truth_P: Floats, near: Near | None = None) -> Pairs:
    """Pairs of unequal truth, all or those that are near each other.

    ``num_apart`` by leaving out whoever has most pairs left (its smallest possible number is a minimum vertex cover,
    to which this comes as near as is needed; where all are compared the two are equal).

    >>> num_pairs(np.array([0.1, 0.1, 0.1, 0.2, 0.3]))
    Pairs(num=7, num_architectures=5, num_apart=2)
    """
    counts_P = np.zeros(len(truth_P), dtype=np.intp)
    for start in range(0, len(truth_P), BLOCK):
        counts_P[start : start + BLOCK] = _compared(truth_P, near, start, start + BLOCK).sum(axis=1)
    num, architectures, apart = int(counts_P.sum()) // 2, int((counts_P > 0).sum()), 0
    there_P = np.ones(len(truth_P), dtype=bool)
    while apart < MOST_APART and counts_P.any():
        most = int(counts_P.argmax())
        counts_P = counts_P - (_compared(truth_P, near, most, most + 1)[0] & there_P)
        counts_P[most], there_P[most], apart = 0, False, apart + 1
    return Pairs(num, architectures, apart)


def _compared(truth_P: Floats, near: Near | None, start: int, stop: int) -> NDArray[np.bool_]:
    unequal_BP: NDArray[np.bool_] = truth_P[start:stop, None] != truth_P
    if near is not None:
        unequal_BP &= near.block(start, stop) > 0
    return unequal_BP


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
