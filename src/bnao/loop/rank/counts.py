"""Counts of operations: what the trivial rankings know of an architecture. Shapes: P architectures, O operations.

The rule for every space: a column for each option of the space's choices of kind ``operation``, wherever it stands
(NAO cells: both cells and both sides together), in the order of their names. A space without that kind: a column for
each option of each kind. Where the space can say what is live (:meth:`~bnao.spaces.base.SearchSpace.live`), only live
operations are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bnao.arch import Architecture
from bnao.spaces.base import SearchSpace
from bnao.spaces.choices import Choice

OPERATION = "operation"


@dataclass(frozen=True)
class OperationCounts:
    """``counts_PO[p][o]``: how often architecture p has the operation ``names[o]``."""

    names: list[str]
    counts_PO: list[list[int]]


def operation_counts(space: SearchSpace, architectures: Sequence[Architecture]) -> OperationCounts:
    """The counts of every architecture; operations that none of them has are left out."""
    live = [space.live(architecture) or architecture for architecture in architectures]
    choices = [space.choices(architecture) for architecture in live]
    named = any(choice.kind == OPERATION for row in choices for choice in row)

    def name(choice: Choice) -> str:
        return choice.option if named else f"{choice.kind} {choice.option}"

    found = [Counter(name(c) for c in row if not named or c.kind == OPERATION) for row in choices]
    names = sorted(set().union(*found))
    return OperationCounts(names, [[row[name] for name in names] for row in found])


def live_architectures(space: SearchSpace, architectures: Sequence[Architecture]) -> list[Architecture] | None:
    """Each without what does not reach its output; None where the space cannot say so of all of them."""
    live = [space.live(architecture) for architecture in architectures]
    known = [architecture for architecture in live if architecture is not None]
    return known if len(known) == len(live) else None
