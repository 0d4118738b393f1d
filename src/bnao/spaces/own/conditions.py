"""When a part of a network is on the path: a condition on what the decisions are (imports no torch).

A *route* is one way to a part: decision -> the options that lead there, all of which must hold. A *condition* is a set
of routes, one of which must hold: the part may stand in several places. A decision that no place is reached of has the
value *absent*, which is no option, so it leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Route: TypeAlias = frozenset[tuple[int, frozenset[int]]]
"""Pairs of a decision and the options that lead on; each decision once."""

Condition: TypeAlias = frozenset[Route]

EVERYWHERE: Route = frozenset()
"""The route to what is not within any choice."""

ALWAYS: Condition = frozenset({EVERYWHERE})
NEVER: Condition = frozenset()


def narrowed(route: Route, decision: int, options: frozenset[int], num_options: int) -> Route | None:
    """The route that goes on by one of ``options`` of a decision that is reached; None where that contradicts it.

    >>> narrowed(EVERYWHERE, 0, frozenset({1}), 3)
    frozenset({(0, frozenset({1}))})
    >>> narrowed(EVERYWHERE, 0, frozenset({0, 1, 2}), 3) == EVERYWHERE
    True
    """
    before = dict(route).get(decision)
    now = options if before is None else options & before
    if not now:
        return None
    if len(now) == num_options:
        return route
    return frozenset(pair for pair in route if pair[0] != decision) | {(decision, now)}


def simplified(routes: Iterable[Route]) -> Condition:
    """The condition that one of ``routes`` holds, without those that another one of them contains."""
    kept: list[Route] = []
    for route in sorted(set(routes), key=len):
        if not any(_implies(route, other) for other in kept):
            kept = [other for other in kept if not _implies(other, route)]
            kept.append(route)
    return frozenset(kept)


def _implies(route: Route, other: Route) -> bool:
    """Whether ``other`` holds wherever ``route`` does."""
    own = dict(route)
    return all(decision in own and own[decision] <= options for decision, options in other)


def given(condition: Condition, decision: int, option: int) -> Condition:
    """What is left of ``condition`` once ``decision`` is ``option`` (or absent: a number that is no option)."""
    left = []
    for route in condition:
        options = next((options for number, options in route if number == decision), None)
        if options is None:
            left.append(route)
        elif option in options:
            rest = route - {(decision, options)}
            if not rest:
                return ALWAYS
            left.append(rest)
    return frozenset(left)


def mentioned(condition: Condition) -> frozenset[int]:
    """The decisions that ``condition`` depends on."""
    return frozenset(decision for route in condition for decision, _ in route)


def holds(condition: Condition, tokens_PD: NDArray[np.int64], num_options: Sequence[int]) -> NDArray[np.bool_]:
    """(P,) whether the condition holds for each of P architectures, given the tokens of its D decisions."""
    found_P = np.zeros(len(tokens_PD), dtype=np.bool_)
    for route in condition:
        route_P = np.ones(len(tokens_PD), dtype=np.bool_)
        for decision, options in route:
            leads = np.zeros(num_options[decision] + 1, dtype=np.bool_)
            leads[list(options)] = True
            route_P &= leads[tokens_PD[:, decision]]
        found_P |= route_P
    return found_P
