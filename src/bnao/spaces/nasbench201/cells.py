"""Cells of NAS-Bench-201 as values: six edges between four states, and which cells are the same network.

State 0 is the cell's input, state 3 its output; state i = sum over j < i of op_i_j(state j). A cell is written as the
numbers of its operations in the order of :data:`EDGES`.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

Cell = tuple[int, ...]

EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
"""(target state, source state) of each edge, in the order of the tokens."""
OPERATION_NAMES = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""The benchmark's five operations, in the order of their numbers."""
NONE, SKIP, CONV_1X1, CONV_3X3, AVG_POOL = range(5)

_NOTHING = "#"


def expression(cell: Sequence[int]) -> str:
    """The output state as a formula of the input; equal formulas are isomorphic cells.

    These are the 6,466 classes that the benchmark's authors count: a skip is its source, an operation on nothing is
    nothing, a sum is written in alphabetical order. (Sums keep their empty terms, so that some cells that compute the
    same stay apart, as they do there.)

    >>> expression((3, 0, 0, 0, 1, 0)) == expression((0, 0, 0, 3, 0, 0)), expression((0, 3, 0, 0, 2, 0))
    (True, '#+#+#')
    """
    states = ["(0)"]
    for target in range(1, 4):
        edges = zip(EDGES, cell, strict=True)
        terms = [_term(states[source], operation) for (end, source), operation in edges if end == target]
        states.append("+".join(sorted(terms)))
    return states[3]


def _term(state: str, operation: int) -> str:
    if operation == NONE or state == _NOTHING:
        return _NOTHING
    return state if operation == SKIP else f"({state})@{OPERATION_NAMES[operation]}"


def live_edges(cell: Sequence[int]) -> tuple[bool, ...]:
    """Which edges lie on a path from the cell's input to its output, of edges that are not ``none``.

    >>> live_edges((3, 0, 0, 1, 0, 2))
    (False, False, False, True, False, False)
    """
    joined = {edge: operation != NONE for edge, operation in zip(EDGES, cell, strict=True)}
    reached = [True, False, False, False]
    for target in range(1, 4):
        reached[target] = any(joined[target, source] and reached[source] for source in range(target))
    used = [False, False, False, True]
    for source in (2, 1, 0):
        used[source] = any(joined[target, source] and used[target] for target in range(source + 1, 4))
    return tuple(joined[target, source] and reached[source] and used[target] for target, source in EDGES)


def is_connected(cell: Sequence[int]) -> bool:
    """Whether the output depends on the input at all."""
    return any(live_edges(cell))


@cache
def classes() -> dict[Cell, tuple[Cell, ...]]:
    """Every cell with the *least* forms of its class: those that spend the fewest operations; the first represents it.

    Fewest convolutions 3x3, then 1x1, then pools: a form with an operation that leads nowhere is legal, and the same
    network, but is not drawn. Forms are in ascending order.
    """
    members: dict[str, list[Cell]] = defaultdict(list)
    for cell in itertools.product(range(len(OPERATION_NAMES)), repeat=len(EDGES)):
        members[expression(cell)].append(cell)
    found: dict[Cell, tuple[Cell, ...]] = {}
    for cells in members.values():
        least = min(map(_spent, cells))
        forms = tuple(cell for cell in cells if _spent(cell) == least)
        found.update(dict.fromkeys(cells, forms))
    return found


@cache
def representatives() -> tuple[Cell, ...]:
    """The first least form of each class, in ascending order: the distinct cells by rank."""
    return tuple(sorted({forms[0] for forms in classes().values()}))


def _spent(cell: Cell) -> tuple[int, int, int]:
    return cell.count(CONV_3X3), cell.count(CONV_1X1), cell.count(AVG_POOL)
