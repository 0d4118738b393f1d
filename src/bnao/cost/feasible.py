"""The part of a search space that limits allow: where pools, proposals and mutations come from.

Limits on size, multiply-adds and latency are to be put on this seam; without limits it is the whole space.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bnao.arch import Architecture, Grammar


class FeasibleSpace:
    """All architectures of ``grammar``."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar

    def contains(self, architecture: Architecture) -> bool:
        """Whether the architecture keeps the limits."""
        return True

    def count(self) -> int:
        """Exact number of distinct feasible architectures."""
        return self.grammar.count()

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws, uniform over distinct feasible architectures."""
        return self.grammar.sample(n, rng)

    def sample_distinct(self, n: int, rng: np.random.Generator, exclude: Iterable[str] = ()) -> list[Architecture]:
        """Up to ``n`` draws without repeats and none with an id in ``exclude``; fewer only if none is left."""
        return self.grammar.sample_distinct(n, rng, exclude)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A feasible architecture that differs from ``architecture`` in one decision."""
        return self.grammar.mutate(architecture, rng)
