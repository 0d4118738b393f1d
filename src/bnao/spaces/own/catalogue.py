"""What the networks of your own space consist of: a unit for each condition under which something is part of them.

Unit 0 is what every network has. Shapes: P architectures, D decisions, F units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.spaces.base import Catalogue, CountedPiece
from bnao.spaces.own.additive import OwnSampler, greatest
from bnao.spaces.own.automaton import Automaton, TooManyStatesError
from bnao.spaces.own.conditions import ALWAYS, Condition, holds, mentioned
from bnao.spaces.own.grammar import OwnGrammar
from bnao.spaces.own.multiply_adds import tokens_of

MOST_STATES = 20_000
"""Of the dynamic programming of sizes; where it would have more, sizes are not drawn from by it."""


class OwnCatalogue(Catalogue):
    """Counts by condition; ``macs`` None says that multiply-adds are no sum, and ``count_macs`` counts a network whole.

    Parameters are all parameters, frozen ones too, each tensor once however many modules own it. ``parts`` are the
    conditions of all modules: what latencies are told by, for a module may take time without either.
    """

    def __init__(
        self,
        grammar: OwnGrammar,
        params: Mapping[Condition, int],
        macs: Mapping[Condition, int] | None,
        count_macs: Callable[[Architecture], int],
        parts: Iterable[Condition] = (),
    ) -> None:
        self._grammar, self._count_macs, self._whole = grammar, count_macs, macs is None
        macs = macs or {}
        conditions = dict.fromkeys([ALWAYS, *params, *macs])
        self._chosen = [condition for condition in conditions if condition != ALWAYS]
        self.pieces = tuple(
            CountedPiece(params.get(condition, 0), macs.get(condition, 0), chosen=condition != ALWAYS)
            for condition in conditions
        )
        self.unit_pieces = np.eye(len(self.pieces), dtype=np.int64)
        self._timed = list(dict.fromkeys(c for c in [*self._chosen, *parts] if c != ALWAYS))
        self._timed_macs = np.array([macs.get(condition, 0) for condition in self._timed], dtype=np.int64)
        self._counted: dict[Architecture, int] = {}
        try:
            reached = [decision.reached for decision in grammar.decisions]
            self._automaton: Automaton | None = Automaton(
                grammar.num_options, reached, self._chosen, most_states=MOST_STATES
            )
        except TooManyStatesError:
            self._automaton = None

    def units(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, F): whether each condition holds."""
        out_PF = np.zeros((len(architectures), len(self.pieces)), dtype=np.int64)
        if architectures:
            out_PF[:, 0] = 1
            tokens_PD = tokens_of(architectures)
            for unit, condition in enumerate(self._chosen, start=1):
                out_PF[:, unit] = holds(condition, tokens_PD, self._grammar.num_options)
        return out_PF

    def timed_macs(self) -> NDArray[np.int64]:
        """(T,), zeros where multiply-adds are no sum."""
        return self._timed_macs

    def timed_parts(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, T): whether each part is there."""
        tokens_PD = tokens_of(architectures)
        columns = [holds(condition, tokens_PD, self._grammar.num_options) for condition in self._timed]
        return np.stack(columns, axis=1).astype(np.int64)

    def whole_macs(self) -> Callable[[Sequence[Architecture]], NDArray[np.int64]] | None:
        """None where multiply-adds add up; else what counts each network whole, and remembers it."""
        return self._macs_of if self._whole else None

    def _macs_of(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        for architecture in architectures:
            if architecture not in self._counted:
                self._counted[architecture] = self._count_macs(architecture)
        return np.array([self._counted[architecture] for architecture in architectures], dtype=np.int64)

    def upper_bound(self, values_F: NDArray[np.float64]) -> float:
        """The maximum, by dynamic programming; or, where that has too many states, a bound that is not reached.

        That is what every network has, what depends on one decision at its dearest option, and all the rest.
        """
        fixed, chosen_F = float(values_F[0]), values_F[1:]
        if self._automaton is not None:
            return fixed + greatest(self._automaton, chosen_F)
        dearest = [np.zeros(size) for size in self._grammar.num_options]
        for condition, value in zip(self._chosen, chosen_F, strict=True):
            decisions = mentioned(condition)
            if len(decisions) == 1:
                (decision,) = decisions
                options = {option for route in condition for _, leading in route for option in leading}
                dearest[decision][list(options)] += value
            else:
                fixed += float(value)
        return fixed + float(sum(options.max() for options in dearest))

    def additive_sampler(self, values_F: NDArray[np.int64], exponent: int) -> OwnSampler | None:
        """Exact draws over the whole space; None where the dynamic programming has too many states."""
        if self._automaton is None:
            return None
        return OwnSampler(self._automaton, int(values_F[0]), [int(value) for value in values_F[1:]], exponent)
