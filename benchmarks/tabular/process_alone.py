"""What the judge does with no NAO beside it: a proposer for the ablation, on the public seam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.controller import PROPOSERS, ControllerConfig, FitReport, OnEpoch, Proposals, Proposer
from bnao.controller.fill import Collector
from bnao.controller.process import WordProcess
from bnao.cost.feasible import FeasibleSpace

NAME = "process"
CANDIDATES, PARENTS = 200, 10  # as NAO has for small batches and pools


class ProcessAlone(Proposer):
    """Chooses among mutations of the best by a :class:`WordProcess`."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._top: list[Architecture] = []
        self._process: WordProcess | None = None

    def _words(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        return np.array([self._grammar.encode(self._grammar.canonical(a)) for a in architectures])

    def fit(
        self,
        architectures: Sequence[Architecture],
        scores_P: NDArray[np.float64],
        seed: int,
        *,
        on_epoch: OnEpoch | None = None,
    ) -> FitReport:
        self._process = WordProcess(self._words(architectures), scores_P, self._grammar.num_words)
        self._top = [architectures[k] for k in np.argsort(-scores_P, kind="stable")[:PARENTS].tolist()]
        return FitReport()

    def propose(self, n: int, rng: np.random.Generator, feasible: FeasibleSpace, seen: AbstractSet[str]) -> Proposals:
        found = Collector(max(n, CANDIDATES) if self._process else n, feasible, seen)
        found.fill_by_mutation(self._top, rng, mutations=2)
        found.fill_at_random(rng, n)
        if self._process is None:
            return found.proposals()
        candidates = found.architectures
        return found.proposals(self._process.choose(self._words(candidates), min(n, len(candidates))))

    def state_dict(self) -> dict[str, Any]:
        raise NotImplementedError("for this benchmark alone")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        raise NotImplementedError("for this benchmark alone")


def _make(grammar: Grammar, config: ControllerConfig, seed: int) -> Proposer:
    return ProcessAlone(grammar)


PROPOSERS.register(NAME, _make)
