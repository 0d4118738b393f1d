"""The grammar of a search space: which token may follow a prefix, how many architectures there are, and uniform draws.

Shapes: B sequences, T tokens a sequence, V words of the vocabulary.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch.architecture import Architecture
from bnao.arch.counts import count_text
from bnao.errors import ArchitectureError

ENUMERABLE = 100_000
"""Spaces of at most so many architectures are drawn from by rank where draws are to be distinct."""


class Grammar(ABC):
    """Legal architectures of a space, as texts, tokens and words.

    *Tokens* are the numbers of the text form (their meaning depends on the position); *words* are what a sequence model
    sees: indices into one vocabulary of size :attr:`num_words`, in which every (kind, value) has a place of its own.
    """

    # ---- the words of a sequence model ----

    @property
    @abstractmethod
    def num_words(self) -> int:
        """V, the size of the vocabulary; words are 0..V-1."""

    @property
    @abstractmethod
    def length(self) -> int:
        """T, the greatest number of words of an architecture."""

    @property
    def words_per_step(self) -> int:
        """How many words enter an encoder as one step; divides :attr:`length` (a NAO pair, input and operation: 2)."""
        return 1

    @abstractmethod
    def encode(self, architecture: Architecture) -> tuple[int, ...]:
        """The architecture's words, in its drawn order."""

    @abstractmethod
    def decode(self, words: Sequence[int]) -> Architecture:
        """The architecture of a complete word sequence. Raises ArchitectureError if it is not legal."""

    @abstractmethod
    def legal_words(self, prefixes_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, V) mask of the words that may follow each of B prefixes of equal length t < T."""

    # ---- architectures ----

    @abstractmethod
    def architecture(self, tokens: Sequence[int]) -> Architecture:
        """The architecture with these tokens. Raises ArchitectureError naming the first illegal one."""

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """The architecture of a text form. Raises ArchitectureError."""

    @abstractmethod
    def count(self) -> int:
        """Exact number of distinct architectures (modulo symmetry)."""

    @abstractmethod
    def nth(self, rank: int) -> Architecture:
        """The architecture of ``rank`` in [0, :meth:`count`), canonical: every distinct one has exactly one rank."""

    def require_rank(self, rank: int) -> None:
        """Raise ArchitectureError for a rank that is out of range."""
        if not 0 <= rank < self.count():
            raise ArchitectureError(
                f"ranks are whole numbers from 0 and below count(), {count_text(self.count())}; received {rank}: "
                "choose one of these"
            )

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` independent draws, uniform over *distinct* architectures (canonical order)."""

    @abstractmethod
    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A legal architecture that differs in one decision, drawn uniformly among decisions and then values."""

    @abstractmethod
    def shuffle(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A uniform draw among the symmetric forms of ``architecture``: same id, perhaps other tokens."""

    def canonical(self, architecture: Architecture) -> Architecture:
        """The representative of the architecture's symmetry class: the order in which it is scored."""
        return self.architecture(architecture.canonical)

    def sample_distinct(self, n: int, rng: np.random.Generator, exclude: Iterable[str] = ()) -> list[Architecture]:
        """Up to ``n`` architectures with distinct ids, none in ``exclude``; fewer only when the space is exhausted.

        Uniform draws without replacement: in a space of at most :data:`ENUMERABLE` architectures by a random order of
        all ranks; in a larger one by rejection of repeats, and after 50 rounds in which nothing new came (nearly all
        are taken) by a random order of all ranks too.
        """
        found: list[Architecture] = []
        seen, barren = set(exclude), 0
        small = self.count() <= ENUMERABLE
        while len(found) < n and barren < 50 and not small:
            before = len(found)
            for candidate in self.sample(max(n - len(found), 16), rng):
                if candidate.id not in seen and len(found) < n:
                    seen.add(candidate.id)
                    found.append(candidate)
            barren = barren + 1 if len(found) == before else 0
        return found + self._unseen(n - len(found), rng, seen)

    def _unseen(self, n: int, rng: np.random.Generator, seen: set[str]) -> list[Architecture]:
        """Up to ``n`` architectures not in ``seen``, from a random order of all ranks."""
        found: list[Architecture] = []
        for rank in rng.permutation(self.count()) if n > 0 else ():
            candidate = self.nth(int(rank))
            if candidate.id not in seen:
                found.append(candidate)
                if len(found) == n:
                    break
        return found
