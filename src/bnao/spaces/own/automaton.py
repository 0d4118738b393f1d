"""The decisions in order, as a finite automaton: its state is what later steps must know of earlier decisions.

Step k decides decision k, or leaves it absent. What later steps must know is what is left of the conditions under which
later decisions are reached and *events* happen (a part of the network is on the path). Equal rests are one state, so
decisions that nothing depends on cost nothing, and counting is exact for spaces far too large to list.

S_k states before step k; n_k options of decision k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bnao.spaces.own.conditions import ALWAYS, NEVER, Condition, given, mentioned

MOST_STATES = 100_000
"""Where no other number is given."""

_State: TypeAlias = frozenset[tuple[int, Condition]]
"""Targets whose condition is no longer the first one, and what is left of it."""


class TooManyStatesError(Exception):
    """Later decisions or events depend on more combinations of earlier decisions than is allowed."""


@dataclass(frozen=True)
class Step:
    """``following`` (S_k, n_k + 1): the state after each token, -1 where it is not legal; token n_k is *absent*.

    ``events`` holds, by (state, token), the numbers of the events that are certain from then on.
    """

    following: NDArray[np.int64]
    events: dict[tuple[int, int], tuple[int, ...]]

    def legal(self, state: int) -> list[int]:
        """The legal tokens in a state."""
        return [int(token) for token in np.flatnonzero(self.following[state] >= 0)]


class Automaton:
    """Steps of the decisions with ``num_options`` options, reached under ``reached``, and ``events`` on the way.

    The conditions of decision k depend on earlier ones only. No event is certain from the start. Raises
    TooManyStatesError above ``most_states`` of all steps together.

    >>> second = frozenset({frozenset({(0, frozenset({1}))})})  # reached where decision 0 takes option 1
    >>> automaton = Automaton([2, 3], [ALWAYS, second])
    >>> automaton.completions[0][0]
    4
    """

    def __init__(
        self,
        num_options: Sequence[int],
        reached: Sequence[Condition],
        events: Sequence[Condition] = (),
        *,
        most_states: int = MOST_STATES,
    ) -> None:
        self.num_options = tuple(num_options)
        self._first: list[Condition] = [*reached, *events]
        self._mentioning: list[list[int]] = [[] for _ in num_options]
        self._last: list[int] = []
        for target, condition in enumerate(self._first):
            decisions = mentioned(condition)
            for decision in decisions:
                self._mentioning[decision].append(target)
            is_decision = target < len(num_options)
            assert not is_decision or all(decision < target for decision in decisions), "parents come first"
            self._last.append(target if is_decision else max(decisions, default=-1))
        self.steps: list[Step] = []
        states: dict[_State, int] = {frozenset(): 0}
        total = 1
        for step in range(len(num_options)):
            states = self._take(step, states, most_states - total)
            total += len(states)
        self.completions = self._completions()

    def _take(self, step: int, states: dict[_State, int], most: int) -> dict[_State, int]:
        """Add one step; gives the states after it."""
        width = self.num_options[step]
        following = np.full((len(states), width + 1), -1, dtype=np.int64)
        events: dict[tuple[int, int], tuple[int, ...]] = {}
        after: dict[_State, int] = {}
        for state, number in states.items():
            left = dict(state)
            active = left.pop(step, self._first[step])
            assert active in (ALWAYS, NEVER), "whether a decision is reached is known when it is taken"
            for token in range(width) if active == ALWAYS else (width,):
                new, happened = self._after(left, step, token)
                following[number, token] = after.setdefault(new, len(after))
                if happened:
                    events[number, token] = happened
            if len(after) > most:
                raise TooManyStatesError
        self.steps.append(Step(following, events))
        return after

    def _after(self, left: dict[int, Condition], step: int, token: int) -> tuple[_State, tuple[int, ...]]:
        new, happened = dict(left), []
        for target in self._mentioning[step]:
            rest = given(new.pop(target, self._first[target]), step, token)
            event = target - len(self.num_options)
            if event >= 0 and rest == ALWAYS:
                happened.append(event)
                rest = NEVER  # not again
            if step < self._last[target]:
                new[target] = rest
        return frozenset(new.items()), tuple(happened)

    def _completions(self) -> list[list[int]]:
        """For each step and state, how many ways there are to complete the decisions."""
        found = [[1] * (1 + int(self.steps[-1].following.max()))]
        for step in reversed(self.steps):
            found.insert(0, [sum(found[0][after] for after in row if after >= 0) for row in step.following.tolist()])
        return found
