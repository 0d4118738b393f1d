"""Unseen architectures by mutation or at random: what fills a shortfall, and what evolution lives on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bnao.arch import Architecture
from bnao.controller.base import Proposals
from bnao.cost.feasible import FeasibleSpace

ATTEMPTS = 20  # mutations tried for each wanted child before random draws take over


class Collector:
    """Gathers up to ``n`` feasible architectures with distinct ids, none in ``seen``, each with its origin."""

    def __init__(self, n: int, feasible: FeasibleSpace, seen: Iterable[str]) -> None:
        self.n = n
        self.feasible = feasible
        self._taken = set(seen)
        self._architectures: list[Architecture] = []
        self._origins: list[str] = []

    @property
    def missing(self) -> int:
        """How many are still wanted."""
        return self.n - len(self._architectures)

    def offer(self, architecture: Architecture, origin: str) -> bool:
        """Take the architecture if it is wanted, unseen and feasible; whether it was taken."""
        if self.missing <= 0 or architecture.id in self._taken or not self.feasible.contains(architecture):
            return False
        self._taken.add(architecture.id)
        self._architectures.append(architecture)
        self._origins.append(origin)
        return True

    def fill_by_mutation(self, parents: Sequence[Architecture], rng: np.random.Generator) -> None:
        """Children of ``parents`` by one mutation, in turn, best parent first, while attempts last (20 a child)."""
        for attempt in range(ATTEMPTS * max(self.missing, 0) if parents else 0):
            if not self.missing:
                return
            self.offer(self.feasible.mutate(parents[attempt % len(parents)], rng), "mutation")

    def fill_at_random(self, rng: np.random.Generator) -> None:
        """Uniform draws for all that is missing; a shortfall is left only when the space is exhausted."""
        if self.missing > 0:
            for architecture in self.feasible.sample_distinct(self.missing, rng, self._taken):
                self.offer(architecture, "random")

    def proposals(self) -> Proposals:
        """What was gathered, in order."""
        return Proposals(architectures=list(self._architectures), origins=list(self._origins))
