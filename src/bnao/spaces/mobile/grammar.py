"""The grammar of the mobile space: a chain of layers, each a block or, where it may be skipped, identity.

Text form: one token for each layer, stages divided by ``|``. Token 0 is identity, tokens from 1 are the candidate
blocks, numbered alike in all layers (:func:`bnao.spaces.mobile.plan.candidate_blocks`).

Layers that may be skipped stand in *runs*: consecutive ones, also across stages. Within a run width and size stay, so
the network is the sequence of the run's blocks, wherever the identities stand: the id of architectures is modulo that.
The canonical form has each run's blocks first and its identities last. A run of n layers has S_n = 1 + B S_(n-1)
distinct fillings with B blocks, S_0 = 1: it ends, or a block comes and then one of S_(n-1) rests. That is also how
fillings are numbered.

Shapes: B sequences, T words, V vocabulary, N draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.errors import ArchitectureError, require
from bnao.spaces.additive import below

Ranks = NDArray[Any]
"""(N,) whole numbers: int64 where they fit, else Python's own."""


@dataclass(frozen=True)
class Run:
    """Layers ``start`` to ``stop`` (excluded): consecutive skippable ones, or one that cannot be skipped."""

    start: int
    stop: int
    skippable: bool
    blocks: int

    @property
    def fillings(self) -> list[int]:
        """Distinct ways to fill the last 0, 1, ... layers of the run."""
        if not self.skippable:
            return [1, self.blocks]
        found = [1]
        for _ in range(self.stop - self.start):
            found.append(1 + self.blocks * found[-1])
        return found

    @property
    def count(self) -> int:
        """Distinct ways to fill the run."""
        return self.fillings[-1]

    def columns(self, ranks_N: Ranks) -> list[NDArray[np.int64]]:
        """The canonical tokens of ranks in [0, count): one (N,) column for each layer of the run."""
        if not self.skippable:
            return [(1 + ranks_N).astype(np.int64)]
        found = []
        for rest in reversed(self.fillings[:-1]):
            runs_on, value_N = ranks_N > 0, ranks_N - 1
            found.append(np.where(runs_on, 1 + value_N // rest, 0).astype(np.int64))
            ranks_N = np.where(runs_on, value_N % rest, 0)
        return found


class MobileGrammar(Grammar):
    """Legal chains: ``depths`` layers in each stage, ``skippable`` says which, ``num_blocks`` candidate blocks.

    Words are the tokens: V = 1 + num_blocks.

    >>> grammar = MobileGrammar(depths=(3, 1), skippable=(False, True, True, False), num_blocks=2)
    >>> grammar.count()  # 2 x (1 + 2 + 4) x 2
    28
    >>> grammar.parse("1 0 2 | 1").id == grammar.parse("1 2 0 | 1").id
    True
    """

    def __init__(self, *, depths: Sequence[int], skippable: Sequence[bool], num_blocks: int) -> None:
        assert sum(depths) == len(skippable) and depths and num_blocks >= 1, "each layer is skippable or not"
        self.depths, self.skippable, self.num_blocks = tuple(depths), tuple(skippable), num_blocks
        self.runs = _runs(self.skippable, num_blocks)
        require(
            self.count() >= 2,
            "a space has at least two architectures",
            f"{num_blocks} candidate block and no layer that may be skipped",
            "name more kernels or expansions",
        )

    # ---- words ----

    @property
    def num_words(self) -> int:
        """Identity and the blocks."""
        return 1 + self.num_blocks

    @property
    def length(self) -> int:
        """One word for each layer."""
        return len(self.skippable)

    def encode(self, architecture: Architecture) -> tuple[int, ...]:
        """The tokens."""
        return architecture.tokens

    def decode(self, words: Sequence[int]) -> Architecture:
        """The architecture of ``length`` words. Raises ArchitectureError."""
        return self.architecture(words)

    def legal_words(self, prefixes_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, V) mask; which words are legal depends on the position alone."""
        batch, position = prefixes_BT.shape
        mask_BV = np.ones((batch, self.num_words), dtype=np.bool_)
        mask_BV[:, 0] = self.skippable[position]
        return mask_BV

    # ---- architectures ----

    def architecture(self, tokens: Sequence[int]) -> Architecture:
        """The architecture with these tokens, one for each layer. Raises ArchitectureError naming the first illegal."""
        tokens = tuple(int(t) for t in tokens)
        if len(tokens) != self.length:
            raise ArchitectureError(
                f"an architecture has {self.length} tokens, one for each layer; received {len(tokens)}: write the "
                f"stages' {', '.join(map(str, self.depths))} layers, divided by |"
            )
        for position, (token, skippable) in enumerate(zip(tokens, self.skippable, strict=True)):
            if not (0 if skippable else 1) <= token <= self.num_blocks:
                stage, place = self.place(position)
                why = " (0, identity, only where a layer keeps width and size)" if token == 0 else ""
                raise ArchitectureError(
                    f"tokens of layer {place} in stage {stage} are {0 if skippable else 1}..{self.num_blocks}{why}; "
                    f"received {token} at token {position + 1}: choose one of these"
                )
        return Architecture(tokens=tokens, canonical=self._canonical(tokens), parts=self.depths)

    def parse(self, text: str) -> Architecture:
        """The architecture of ``stage 1 | stage 2 | ...``. Raises ArchitectureError."""
        parts = text.split("|")
        if len(parts) != len(self.depths):
            raise ArchitectureError(
                f"an architecture is {len(self.depths)} stage(s); received {len(parts)} part(s) in {text[:80]!r}: "
                f"divide the stages by |"
            )
        tokens: list[int] = []
        for stage, (part, depth) in enumerate(zip(parts, self.depths, strict=True), start=1):
            words = part.split()
            if len(words) != depth:
                raise ArchitectureError(
                    f"stage {stage} has {depth} tokens; received {len(words)}: write one for each layer"
                )
            tokens += map(self._token, words)
        return self.architecture(tokens)

    def _token(self, word: str) -> int:
        if not (word.isascii() and word.isdecimal()):
            raise ArchitectureError(f"tokens are whole numbers; received {word[:20]!r}: write digits only")
        if len(word) > 4:
            raise ArchitectureError(
                f"tokens are whole numbers, {self.num_blocks} at most; received {word[:20]!r}: write fewer digits"
            )
        return int(word)

    def place(self, position: int) -> tuple[int, int]:
        """Stage and place in the stage, both from 1, of the layer at ``position`` (from 0)."""
        for stage, depth in enumerate(self.depths, start=1):
            if position < depth:
                return stage, position + 1
            position -= depth
        raise AssertionError("positions are below length")

    def _canonical(self, tokens: Sequence[int]) -> tuple[int, ...]:
        return tuple(t for run in self.runs for t in sorted(tokens[run.start : run.stop], key=lambda token: token == 0))

    def count(self) -> int:
        """Product over runs of their distinct fillings."""
        return prod(run.count for run in self.runs)

    def nth(self, rank: int) -> Architecture:
        """The architecture of ``rank``, whose mixed-radix digits are the ranks of the runs' fillings, first run last.

        Raises ArchitectureError out of range.
        """
        self.require_rank(rank)
        tokens: list[int] = []
        for run in self.runs:
            rank, filling = divmod(rank, run.count)
            tokens += (int(column[0]) for column in run.columns(np.array([filling], dtype=object)))
        return self._drawn(tokens)

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws, uniform over distinct architectures: each run's filling by its rank."""
        columns = [column for run in self.runs for column in run.columns(_uniform(run.count, n, rng))]
        return [self._drawn(row) for row in np.stack(columns, axis=1).tolist()]

    def _drawn(self, canonical: Sequence[int]) -> Architecture:
        tokens = tuple(canonical)
        return Architecture(tokens=tokens, canonical=tokens, parts=self.depths)

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """One token, drawn among those with an alternative, takes another legal value."""
        free = [k for k, skippable in enumerate(self.skippable) if skippable or self.num_blocks > 1]
        position = free[int(rng.integers(len(free)))]
        tokens, first = list(architecture.tokens), 0 if self.skippable[position] else 1
        other = first + int(rng.integers(self.num_blocks - first))
        tokens[position] = other + (other >= tokens[position])
        return self.architecture(tokens)

    def shuffle(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Each run's blocks, in their order, at places of the run drawn uniformly."""
        tokens = [0] * self.length
        for run in self.runs:
            blocks = [token for token in architecture.tokens[run.start : run.stop] if token]
            places = sorted(rng.permutation(run.stop - run.start)[: len(blocks)].tolist())
            for place, token in zip(places, blocks, strict=True):
                tokens[run.start + place] = token
        return Architecture(tokens=tuple(tokens), canonical=architecture.canonical, parts=self.depths)


def _runs(skippable: Sequence[bool], blocks: int) -> tuple[Run, ...]:
    found: list[Run] = []
    for may, group in groupby(enumerate(skippable), key=lambda pair: pair[1]):
        places = [position for position, _ in group]
        if may:
            found.append(Run(places[0], places[-1] + 1, True, blocks))
        else:
            found += [Run(position, position + 1, False, blocks) for position in places]
    return tuple(found)


def _uniform(limit: int, n: int, rng: np.random.Generator) -> Ranks:
    """``n`` uniform whole numbers in [0, limit), of any size."""
    if limit < 2**63:
        return rng.integers(limit, size=n)
    return np.array([below(limit, rng) for _ in range(n)], dtype=object)
