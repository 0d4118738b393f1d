"""Exact sums, greatest values and size-proportional draws over a whole space of the user's own, by dynamic programming.

A value is a fixed part and what each *event* adds: an event is certain from one decision on, along the automaton of all
decisions. Powers of the sum expand by the binomial theorem, as in :mod:`bnao.spaces.mobile.additive`.

F events; S_k states before step k.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import comb

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.spaces.additive import AdditiveSampler, below, plus
from bnao.spaces.own.automaton import Automaton


def greatest(automaton: Automaton, values_F: NDArray[np.float64]) -> float:
    """The greatest sum of the events' values over all architectures."""
    best = np.zeros(1 + int(automaton.steps[-1].following.max()))
    for step in reversed(automaton.steps):
        gain = np.where(step.following >= 0, best[step.following], -np.inf)
        for (state, token), events in step.events.items():
            gain[state, token] += values_F[list(events)].sum()
        best = gain.max(axis=1)
    return float(best[0])


class OwnSampler(AdditiveSampler):
    """``value = fixed + the sum of values_F over the events that happen``; whole numbers, none negative."""

    def __init__(self, automaton: Automaton, fixed: int, values_F: Sequence[int], exponent: int) -> None:
        self._automaton, self._fixed, self._exponent = automaton, fixed, exponent
        self._costs = [
            {key: sum(values_F[event] for event in events) for key, events in step.events.items()}
            for step in automaton.steps
        ]
        self._sums = self._sums_from_the_end()
        self._tables: dict[tuple[int, int, int], tuple[list[int], list[tuple[int, int]]]] = {}

    @property
    def exponent(self) -> int:
        """The power."""
        return self._exponent

    def moment(self, order: int) -> int:
        """Sum of value**order over distinct architectures."""
        assert 0 <= order <= max(1, self._exponent), "moments are computed up to the exponent"
        return plus(self._fixed, self._sums[0][0])[order]

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws."""
        assert self.moment(self._exponent), "some architecture must have a value above zero"
        rest = self._sums[0][0]
        fixed_ends = list(
            accumulate(
                comb(self._exponent, i) * self._fixed**i * rest[self._exponent - i] for i in range(self._exponent + 1)
            )
        )
        found = []
        for _ in range(n):
            order = self._exponent - bisect_right(fixed_ends, below(fixed_ends[-1], rng))
            tokens, state = [], 0
            for position, step in enumerate(self._automaton.steps):
                ends, picks = self._table(position, state, order)
                token, absorbed = picks[bisect_right(ends, below(ends[-1], rng))]
                tokens.append(token)
                order -= absorbed
                state = int(step.following[state, token])
            drawn = tuple(tokens)
            found.append(Architecture(tokens=drawn, canonical=drawn, parts=(len(drawn),)))
        return found

    def _options(self, position: int, state: int) -> Iterator[tuple[int, int, list[int]]]:
        """Legal tokens, what each adds, and the sums over the rest."""
        step, costs = self._automaton.steps[position], self._costs[position]
        for token in step.legal(state):
            yield token, costs.get((state, token), 0), self._sums[position + 1][int(step.following[state, token])]

    def _sums_from_the_end(self) -> list[list[list[int]]]:
        """For each step and state: sums of the rest's value**j, j = 0, 1, ..., over the ways to complete it."""
        steps, powers = self._automaton.steps, max(1, self._exponent) + 1
        self._sums = [[] for _ in range(len(steps) + 1)]
        self._sums[-1] = [[1] + [0] * (powers - 1) for _ in range(1 + int(steps[-1].following.max()))]
        for position in range(len(steps) - 1, -1, -1):
            for state in range(len(steps[position].following)):
                total = [0] * powers
                for _, cost, rest in self._options(position, state):
                    for j, moment in enumerate(plus(cost, rest) if cost else rest):
                        total[j] += moment
                self._sums[position].append(total)
        return self._sums

    def _table(self, position: int, state: int, order: int) -> tuple[list[int], list[tuple[int, int]]]:
        """Cumulated weights of the tokens, and of how many factors each absorbs, with ``order`` of them left."""
        key = (position, state, order)
        if key not in self._tables:
            picks: list[tuple[int, int]] = []
            weights: list[int] = []
            for token, cost, rest in self._options(position, state):
                for absorbed in range(order + 1):
                    weight = comb(order, absorbed) * cost**absorbed * rest[order - absorbed]
                    if weight:
                        picks.append((token, absorbed))
                        weights.append(weight)
            self._tables[key] = list(accumulate(weights)), picks
        return self._tables[key]
