"""Multiply-adds as a sum of terms, each with the condition under which it is added, found by running networks.

What a part of the network costs is measured where it is seen. A part whose cost differs (its input's shape depends on
other decisions, such as a width) gets a term for each combination of the decisions that its cost is seen to depend on.
The sum is then compared with whole counts of other architectures; where one differs, there is no sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np

from bnao.arch import Architecture
from bnao.rng import generator
from bnao.spaces.own.conditions import ALWAYS, Condition, Route, holds, narrowed
from bnao.spaces.own.covering import filled, route_to
from bnao.spaces.own.grammar import OwnGrammar
from bnao.spaces.own.running import Runner

SEEN, VERIFIED, BASES = 16, 32, 4
"""Random architectures that are measured by parts; others that are counted whole; those whose neighbours are."""
MOST_RUNS, MOST_TERMS, MOST_COMBINATIONS = 2_000, 4_096, 512
"""Where a sum would take more runs or terms, there is none."""


class NoSumError(Exception):
    """Multiply-adds are not seen to be a sum of terms."""


def macs_by_condition(
    grammar: OwnGrammar, runner: Runner, covering: Sequence[Architecture]
) -> dict[Condition, int] | None:
    """The terms of a sum that gives all multiply-adds that were looked at; None where no sum is found.

    Every part of the network is in one of ``covering``.
    """
    rng = generator(0, "spaces", "own", "multiply-adds")
    fit = list(dict.fromkeys([*covering, *grammar.sample(SEEN, rng)]))
    ends = [grammar.nth(0), grammar.nth(grammar.count() - 1)]
    fresh = list(dict.fromkeys([*ends, *grammar.sample(VERIFIED, rng)]))
    try:
        terms = _Terms(grammar, runner, fit).found()
    except NoSumError:
        return None
    tokens_PD = tokens_of(fresh)
    sum_P = np.zeros(len(fresh), dtype=np.int64)
    for condition, macs in terms.items():
        sum_P += macs * holds(condition, tokens_PD, grammar.num_options)
    right = all(total == runner.macs(architecture) for total, architecture in zip(sum_P, fresh, strict=True))
    return terms if right else None


def tokens_of(architectures: Sequence[Architecture]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(P, D) tokens."""
    return np.array([architecture.tokens for architecture in architectures], dtype=np.int64)


class _Terms:
    """The terms that agree with what is measured on the architectures ``fit``."""

    def __init__(self, grammar: OwnGrammar, runner: Runner, fit: Sequence[Architecture]) -> None:
        self._grammar = grammar
        self._measure = lru_cache(maxsize=None)(runner.macs_by_condition)
        self._fit = fit

    def found(self) -> dict[Condition, int]:
        """Terms by condition. Raises NoSumError."""
        terms: dict[Condition, int] = {}
        conditions = dict.fromkeys(c for a in self._fit for c in self._measure(a))
        for condition, values in ((c, self._values(c, self._fit)) for c in conditions):
            if len(set(values.values())) == 1:
                terms[condition] = terms.get(condition, 0) + next(iter(values.values()))
            else:
                for narrow, macs in self._combinations(condition).items():
                    terms[narrow] = terms.get(narrow, 0) + macs
            if len(terms) > MOST_TERMS:
                raise NoSumError
        return {condition: macs for condition, macs in terms.items() if macs}

    def _values(self, condition: Condition, architectures: Sequence[Architecture]) -> dict[Architecture, int]:
        """What the part costs in each architecture that has it."""
        here_P = holds(condition, tokens_of(architectures), self._grammar.num_options)
        return {a: self._measure(a).get(condition, 0) for a, here in zip(architectures, here_P, strict=True) if here}

    def _combinations(self, condition: Condition) -> dict[Condition, int]:
        """A term for each combination of the decisions that the part's cost depends on."""
        (route,) = condition  # parts with several routes are never charged
        within = dict(route)
        decisions = self._dependencies(condition)
        always = {k for k, decision in enumerate(self._grammar.decisions) if decision.reached == ALWAYS}
        if not decisions <= always | within.keys():
            raise NoSumError  # a decision that may be absent while the part is there
        numbers = sorted(decisions)
        options = [sorted(within.get(k, range(self._grammar.num_options[k]))) for k in numbers]
        if prod(map(len, options)) > MOST_COMBINATIONS:
            raise NoSumError
        found = {}
        leading = route_to(route)
        for combination in product(*options):
            wishes = leading | dict(zip(numbers, combination, strict=True))
            architecture = filled(self._grammar, wishes, 0)
            narrow: Route | None = route
            for number, option in zip(numbers, combination, strict=True):
                assert narrow is not None
                narrow = narrowed(narrow, number, frozenset({option}), self._grammar.num_options[number])
            assert narrow is not None and all(architecture.tokens[k] == wish for k, wish in wishes.items())
            found[frozenset({narrow})] = self._measure(architecture).get(condition, 0)
        return found

    def _dependencies(self, condition: Condition) -> frozenset[int]:
        """Decisions of which one other option is seen to change the part's cost."""
        sizes = self._grammar.num_options
        bases = list(self._values(condition, self._fit))[:BASES]
        if len(bases) * sum(sizes) > MOST_RUNS:
            raise NoSumError
        found = set()
        for base in bases:
            here = self._measure(base).get(condition, 0)
            for decision, token in enumerate(base.tokens):
                if token == sizes[decision]:
                    continue
                for other in range(sizes[decision]):
                    near = filled(self._grammar, dict(enumerate(base.tokens)) | {decision: other}, 0)
                    there = self._values(condition, [near])
                    if other != token and there and there[near] != here:
                        found.add(decision)
        return frozenset(found)
