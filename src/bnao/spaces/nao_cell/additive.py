"""Exact sums and size-proportional draws over the whole NAO cell space, by dynamic programming over used states.

A network's size is ``fixed + cost(normal cell) + cost(reduction cell)``; a cell's cost is the sum of its operations'
and of what its unused states cost. Its nodes are decided in turn, and all that later nodes must know of earlier ones is
how many outer states (inputs 0 and 1) and how many inner states (nodes) are used by now: states of one kind are
exchangeable. So a cell needs O(n^2) states a node, not 2^n.

A power of a sum expands by the binomial theorem: (d + rest)^k = sum_i C(k, i) d^i rest^(k-i). A walk that has ``k``
factors left and lets the present decision absorb ``i`` of them draws exactly in proportion to the k-th power, with
tables that do not depend on what was decided before.

The base measure is distinct architectures: a node is an *unordered* couple of (input, operation) pairs, perhaps equal.

n nodes a cell, O operations. A pair is numbered ``source * O + operation``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import comb

import numpy as np

from bnao.arch import Architecture
from bnao.spaces.additive import AdditiveSampler, below, plus

State = tuple[int, int, int]
"""(node, used outer states, used inner states) before the node is decided."""
Couple = tuple[int, int]
Step = tuple[State, int, int, list[Couple]]
"""The next state, the cost, the absorbed factors, and the equally likely couples of pairs that lead there."""


class CellSums:
    """Sums and draws over one cell.

    ``costs_2O[0]`` are the operations' costs on outer states (inputs 0 and 1), ``costs_2O[1]`` on inner ones;
    ``end(outer, inner)`` is what a cell costs in which so many states are used. ``order`` is the highest power.
    """

    def __init__(
        self, nodes: int, costs_2O: Sequence[Sequence[int]], end: Callable[[int, int], int], order: int
    ) -> None:
        self._nodes, self._costs_2O, self._end, self._order = nodes, costs_2O, end, order
        self._num_operations = len(costs_2O[0])
        self._sums: dict[State, tuple[int, ...]] = {}
        self._choices: dict[State, dict[tuple[State, int], list[Couple]]] = {}
        self._tables: dict[tuple[State, int], tuple[list[int], list[Step], list[int]]] = {}

    def sums(self, state: State = (0, 0, 0)) -> tuple[int, ...]:
        """Sums of cost**j, j = 0 .. order, over the distinct ways to complete the cell from ``state``."""
        if state not in self._sums:
            if state[0] == self._nodes:
                total = [self._end(state[1], state[2]) ** j for j in range(self._order + 1)]
            else:
                total = [0] * (self._order + 1)
                for (following, cost), couples in self._options(state).items():
                    for j, moment in enumerate(plus(cost, self.sums(following))):
                        total[j] += len(couples) * moment
            self._sums[state] = tuple(total)
        return self._sums[state]

    def draw(self, order: int, rng: np.random.Generator) -> list[int]:
        """Tokens of one cell, canonical order, drawn in proportion to cost**order."""
        state: State = (0, 0, 0)
        used: set[int] = set()
        tokens: list[int] = []
        for node in range(self._nodes):
            ends, steps, weights = self._table(state, order)
            value = below(ends[-1], rng)
            index = bisect_right(ends, value)
            state, _, absorbed, couples = steps[index]
            order -= absorbed
            start = ends[index - 1] if index else 0
            pairs = [divmod(pair, self._num_operations) for pair in couples[(value - start) // weights[index]]]
            # Tables speak of a representative in which the used states of each kind come first: map it to this cell.
            actual = sorted(range(node + 2), key=lambda source: (source >= 2, source not in used))
            chosen = sorted((actual[source], operation) for source, operation in pairs)
            used.update(source for source, _ in chosen)
            tokens += [token for pair in chosen for token in pair]
        return tokens

    def _options(self, state: State) -> dict[tuple[State, int], list[Couple]]:
        """The couples of pairs that ``state``'s node may take, by what follows and what they cost."""
        if state not in self._choices:
            node, outer, inner = state
            num = self._num_operations
            grouped: dict[tuple[State, int], list[Couple]] = {}
            for second in range((node + 2) * num):
                for first in range(second + 1):
                    sources = {first // num, second // num}
                    new_outer = sum(outer <= s < 2 for s in sources)
                    new_inner = sum(s >= 2 + inner for s in sources)
                    cost = sum(self._costs_2O[pair // num >= 2][pair % num] for pair in (first, second))
                    following = (node + 1, outer + new_outer, inner + new_inner)
                    grouped.setdefault((following, cost), []).append((first, second))
            self._choices[state] = grouped
        return self._choices[state]

    def _table(self, state: State, order: int) -> tuple[list[int], list[Step], list[int]]:
        """Cumulated weights of the steps out of ``state`` with ``order`` factors left, and each step's per couple."""
        key = (state, order)
        if key not in self._tables:
            steps: list[Step] = []
            weights: list[int] = []
            for (following, cost), couples in self._options(state).items():
                rest = self.sums(following)
                for absorbed in range(order + 1):
                    weight = comb(order, absorbed) * cost**absorbed * rest[order - absorbed]
                    if weight:
                        steps.append((following, cost, absorbed, couples))
                        weights.append(weight)
            ends = list(accumulate(len(step[3]) * weight for step, weight in zip(steps, weights, strict=True)))
            self._tables[key] = ends, steps, weights
        return self._tables[key]


class NaoAdditiveSampler(AdditiveSampler):
    """Both cells: ``value = fixed + normal + reduction``."""

    def __init__(self, fixed: int, normal: CellSums, reduction: CellSums, nodes: int, exponent: int) -> None:
        self._fixed, self._normal, self._reduction = fixed, normal, reduction
        self._half, self._exponent = 4 * nodes, exponent

    @property
    def exponent(self) -> int:
        """The power."""
        return self._exponent

    def moment(self, order: int) -> int:
        """Sum of value**order over distinct architectures."""
        assert 0 <= order <= max(1, self._exponent), "moments are computed up to the exponent"
        return sum(weight for weight, _, _ in self._splits(order))

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws."""
        splits = [split for split in self._splits(self._exponent) if split[0]]
        ends = list(accumulate(weight for weight, _, _ in splits))
        assert ends, "some architecture must have a value above zero"
        found = []
        for _ in range(n):
            _, first, second = splits[bisect_right(ends, below(ends[-1], rng))]
            tokens = (*self._normal.draw(first, rng), *self._reduction.draw(second, rng))
            found.append(Architecture(tokens=tokens, canonical=tokens, parts=(self._half, self._half)))
        return found

    def _splits(self, order: int) -> list[tuple[int, int, int]]:
        """(weight, factors for the normal cell, factors for the reduction cell); the fixed part absorbs the others."""
        normal, reduction = self._normal.sums(), self._reduction.sums()
        return [
            (
                comb(order, i) * comb(order - i, j) * self._fixed ** (order - i - j) * normal[i] * reduction[j],
                i,
                j,
            )
            for i in range(order + 1)
            for j in range(order + 1 - i)
        ]
