"""A part of a search space that can be drawn from: the whole, or what limits leave of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np

from bnao.arch import Architecture, Grammar
from bnao.arch.counts import count_text


class SpacePart(ABC):
    """Uniform draws from a part of a space; every draw depends on the arguments alone."""

    @property
    @abstractmethod
    def share(self) -> float:
        """Number of architectures of the part by that of the space, in (0, 1]: exact, or an estimate."""

    @abstractmethod
    def count(self) -> int | None:
        """Exact number of distinct architectures; None where it is not known."""

    @abstractmethod
    def describe_count(self) -> str:
        """The number of distinct architectures in words, an estimate labelled as one."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws, uniform over the part's distinct architectures (canonical order)."""

    @abstractmethod
    def sample_distinct(self, n: int, rng: np.random.Generator, exclude: Iterable[str]) -> list[Architecture]:
        """Up to ``n`` uniform draws without replacement, none with an id in ``exclude``."""


class WholeSpace(SpacePart):
    """All architectures of ``grammar``."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    @property
    def share(self) -> float:
        """1."""
        return 1.0

    def count(self) -> int:
        """The grammar's."""
        return self._grammar.count()

    def describe_count(self) -> str:
        """Such as ``4.39e+22``."""
        return count_text(self._grammar.count())

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """The grammar's."""
        return self._grammar.sample(n, rng)

    def sample_distinct(self, n: int, rng: np.random.Generator, exclude: Iterable[str]) -> list[Architecture]:
        """The grammar's; fewer only if none is left."""
        return self._grammar.sample_distinct(n, rng, exclude)
