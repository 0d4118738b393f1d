"""Exact sums and size-proportional draws over the whole mobile space, by dynamic programming along the chain.

A network's size is the fixed part plus its blocks'. The layers are decided in turn, in canonical order; all that a
layer must know of earlier ones is whether its run has *ended*: after an identity no block comes. The power of the sum
expands by the binomial theorem: with ``k`` factors left, the present decision absorbs ``i`` of them with weight
C(k, i) cost^i rest^(k-i), as in :mod:`bnao.spaces.nao_cell.additive`.

L layers, B blocks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import comb

import numpy as np

from bnao.arch import Architecture
from bnao.spaces.additive import AdditiveSampler, below, plus

Option = tuple[int, int, bool]
"""A token, its cost, and whether the next layer's run has ended."""


class ChainSampler(AdditiveSampler):
    """``value = fixed + the costs of the chosen blocks``; ``costs_LB`` by layer and block, identity costs nothing.

    ``depths`` are the layers of each stage, as architectures divide them.
    """

    def __init__(
        self,
        fixed: int,
        costs_LB: Sequence[Sequence[int]],
        skippable: Sequence[bool],
        depths: Sequence[int],
        exponent: int,
    ) -> None:
        self._fixed, self._costs_LB, self._skippable = fixed, costs_LB, tuple(skippable)
        self._depths, self._exponent = tuple(depths), exponent
        self._sums = self._sums_from_the_end()
        self._tables: dict[tuple[int, bool, int], tuple[list[int], list[tuple[Option, int]]]] = {}

    @property
    def exponent(self) -> int:
        """The power."""
        return self._exponent

    def moment(self, order: int) -> int:
        """Sum of value**order over distinct architectures."""
        assert 0 <= order <= max(1, self._exponent), "moments are computed up to the exponent"
        return self._sums[0][0][order]

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws."""
        assert self.moment(self._exponent), "some architecture must have a value above zero"
        found = []
        for _ in range(n):
            tokens, ended, order = [], False, self._exponent
            for step in range(len(self._costs_LB) + 1):
                ends, picks = self._table(step, ended, order)
                (token, _, ended), absorbed = picks[bisect_right(ends, below(ends[-1], rng))]
                tokens.append(token)
                order -= absorbed
            drawn = tuple(tokens[1:])
            found.append(Architecture(tokens=drawn, canonical=drawn, parts=self._depths))
        return found

    def _options(self, step: int, ended: bool) -> list[Option]:
        """What step ``step`` may decide: step 0 takes the fixed part (a token of no layer), step l decides layer l."""
        if step == 0:
            return [(0, self._fixed, False)]
        skippable = self._skippable[step - 1]
        may_stay_ended = step < len(self._skippable) and self._skippable[step]
        blocks = [] if ended else [(1 + block, cost, False) for block, cost in enumerate(self._costs_LB[step - 1])]
        return [(0, 0, may_stay_ended), *blocks] if skippable else blocks

    def _sums_from_the_end(self) -> list[tuple[list[int], list[int]]]:
        """For each step, run not ended and ended: sums of cost**j, j = 0, 1, ..., over the ways to complete it."""
        powers = max(1, self._exponent) + 1
        nothing = [1] + [0] * (powers - 1)
        sums = [(nothing, nothing)]
        for step in range(len(self._costs_LB), -1, -1):
            totals = []
            for ended in (False, True):
                total = [0] * powers
                for _, cost, following in self._options(step, ended):
                    for j, moment in enumerate(plus(cost, sums[0][following])):
                        total[j] += moment
                totals.append(total)
            sums.insert(0, (totals[0], totals[1]))
        return sums

    def _table(self, step: int, ended: bool, order: int) -> tuple[list[int], list[tuple[Option, int]]]:
        """Cumulated weights of what ``step`` may decide and absorb with ``order`` factors left."""
        key = (step, ended, order)
        if key not in self._tables:
            picks: list[tuple[Option, int]] = []
            weights: list[int] = []
            for option in self._options(step, ended):
                rest = self._sums[step + 1][option[2]]
                for absorbed in range(order + 1):
                    weight = comb(order, absorbed) * option[1] ** absorbed * rest[order - absorbed]
                    if weight:
                        picks.append((option, absorbed))
                        weights.append(weight)
            self._tables[key] = list(accumulate(weights)), picks
        return self._tables[key]
