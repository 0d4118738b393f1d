"""Regularised evolution on the proposer seam (Real et al., arXiv 1802.01548, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.controller.base import FitReport, OnEpoch, Proposals, Proposer
from bnao.controller.config import ControllerConfig
from bnao.controller.fill import ATTEMPTS, Collector
from bnao.controller.scores import checked_scores
from bnao.cost.feasible import FeasibleSpace


class RegularizedEvolution(Proposer):
    """The youngest ``config.population`` architectures are alive; tournaments among them choose the parents.

    A child: draw ``config.tournament`` of the living with replacement, take the best, mutate one decision. The oldest
    die, however good (the regularisation).

    Deviations: on this seam a whole batch of children is born of one population (the paper: one child, then one death,
    asynchronously); a child seen before is not evaluated again: another tournament is held, at most 20 times a child,
    then a random architecture takes its place, labelled so. Age is the order in the pool; a pool that is scored again
    keeps it.
    """

    def __init__(self, grammar: Grammar, config: ControllerConfig | None = None) -> None:
        self._grammar = grammar
        self._config = config or ControllerConfig()
        self._living: list[Architecture] = []
        self._scores: list[float] = []

    def fit(
        self,
        architectures: Sequence[Architecture],
        scores_P: NDArray[np.float64],
        seed: int,
        *,
        on_epoch: OnEpoch | None = None,
    ) -> FitReport:
        """Sets the population. Figures: ``population``, ``population_best_score``, ``population_mean_score``."""
        scores_P = checked_scores(architectures, scores_P)
        self._living = list(architectures[-self._config.population :])
        self._scores = scores_P[-self._config.population :].tolist()
        return FitReport(
            figures={
                "population": float(len(self._living)),
                "population_best_score": max(self._scores),
                "population_mean_score": float(np.mean(self._scores)),
            }
        )

    def propose(self, n: int, rng: np.random.Generator, feasible: FeasibleSpace, seen: AbstractSet[str]) -> Proposals:
        """``n`` unseen children; ``random`` where 20 tournaments a child gave none, and before the first fit."""
        found = Collector(n, feasible, seen)
        for _ in range(ATTEMPTS * n if self._living else 0):
            if not found.missing:
                break
            drawn = rng.integers(len(self._living), size=self._config.tournament).tolist()
            parent = self._living[max(drawn, key=self._scores.__getitem__)]
            found.offer(feasible.mutate(parent, rng), "mutation")
        found.fill_at_random(rng)
        return found.proposals()

    def state_dict(self) -> dict[str, Any]:
        """The population's texts and scores, oldest first."""
        return {"population": [str(a) for a in self._living], "scores": list(self._scores)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :meth:`state_dict`. Raises ArchitectureError if the population is of another space."""
        self._living = [self._grammar.parse(text) for text in state["population"]]
        self._scores = [float(score) for score in state["scores"]]
