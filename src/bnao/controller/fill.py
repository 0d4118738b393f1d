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

    @property
    def architectures(self) -> list[Architecture]:
        """What was gathered, in order."""
        return list(self._architectures)

    def fill_by_mutation(
        self, parents: Sequence[Architecture], rng: np.random.Generator, *, mutations: int = 1
    ) -> None:
        """Children of ``parents``, in turn, best parent first, while attempts last (20 a child).

        The first child of each is one mutation away, the next two, ... up to ``mutations``, then one again.
        """
        for attempt in range(ATTEMPTS * max(self.missing, 0) if parents else 0):
            if not self.missing:
                return
            child = parents[attempt % len(parents)]
            for _ in range(1 + attempt // len(parents) % mutations):
                child = self.feasible.mutate(child, rng)
            self.offer(child, "mutation")

    def fill_at_random(self, rng: np.random.Generator, up_to: int | None = None) -> None:
        """Uniform draws for all that is missing, or till there are ``up_to``; fewer only if the space is exhausted."""
        wanted = self.missing if up_to is None else up_to - len(self._architectures)
        if wanted > 0:
            for architecture in self.feasible.sample_distinct(wanted, rng, self._taken):
                self.offer(architecture, "random")

    def proposals(self, order: Iterable[int] | None = None) -> Proposals:
        """What was gathered, in its order, or in that of the indices ``order`` (which may leave some out)."""
        chosen = range(len(self._architectures)) if order is None else list(order)
        return Proposals(
            architectures=[self._architectures[k] for k in chosen], origins=[self._origins[k] for k in chosen]
        )
