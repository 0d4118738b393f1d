"""The grammar of your own space: one token for each decision, in order.

Token k is the option (from 0) of decision k, or, where no place of it is reached, *absent*: the number of its options.
Every assignment is a network of its own. Words: decisions with equal lists of options share words, and one word, the
last, says absent.

Shapes: B sequences, D decisions, V vocabulary, N draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.errors import ArchitectureError, SettingError, require
from bnao.spaces.additive import below
from bnao.spaces.own.automaton import MOST_STATES, Automaton, TooManyStatesError
from bnao.spaces.own.conditions import ALWAYS
from bnao.spaces.own.layout import Decision


class OwnGrammar(Grammar):
    """Legal assignments to ``decisions``. Raises SettingError for fewer than two, or too intricate dependencies.

    >>> from bnao.spaces.own.conditions import ALWAYS
    >>> nested = frozenset({frozenset({(0, frozenset({1}))})})
    >>> grammar = OwnGrammar([Decision("a", "option", ("x", "y"), ALWAYS), Decision("b", "option", ("x", "y"), nested)])
    >>> [str(grammar.nth(rank)) for rank in range(grammar.count())]
    ['0 2', '1 0', '1 1']
    """

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self.decisions = tuple(decisions)
        self.num_options = tuple(len(decision.options) for decision in decisions)
        try:
            self.automaton = Automaton(self.num_options, [decision.reached for decision in decisions])
        except TooManyStatesError:
            raise SettingError(
                f"which decisions are reached depends on at most {MOST_STATES:,} combinations of earlier ones; "
                "received more: nest fewer choices of one name in options of different choices"
            ) from None
        require(
            self.count() >= 2, "a space has at least two architectures", self.count(), "give a choice another option"
        )
        self._word_DT, self._num_words = _words(self.decisions)

    # ---- words ----

    @property
    def num_words(self) -> int:
        """A word for each option of each distinct list of options, and one for absent if that can be."""
        return self._num_words

    @property
    def length(self) -> int:
        """One word for each decision."""
        return len(self.decisions)

    def encode(self, architecture: Architecture) -> tuple[int, ...]:
        return tuple(words[token] for words, token in zip(self._word_DT, architecture.tokens, strict=True))

    def decode(self, words: Sequence[int]) -> Architecture:
        require_length(len(words), self.length)
        tokens = []
        for position, (word, known) in enumerate(zip(words, self._word_DT, strict=True)):
            if word < 0 or word not in known:
                raise ArchitectureError(
                    f"words of decision {self.decisions[position].label!r} are {', '.join(map(str, known))}; received "
                    f"{word}: choose one of these"
                )
            tokens.append(known.index(word))
        return self.architecture(tokens)

    def legal_words(self, prefixes_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        batch, position = prefixes_BT.shape
        state_B = np.zeros(batch, dtype=np.int64)
        for step in range(position):
            words_T = np.array(self._word_DT[step], dtype=np.int64)
            matches_BT = prefixes_BT[:, step, None] == words_T
            after_B = self.automaton.steps[step].following[state_B, matches_BT.argmax(axis=1)]
            state_B = np.where(matches_BT.any(axis=1) & (state_B >= 0), after_B, -1)
        mask_BV = np.zeros((batch, self.num_words), dtype=np.bool_)
        words_T = np.array(self._word_DT[position], dtype=np.int64)
        known = words_T >= 0
        legal_BT = (self.automaton.steps[position].following[state_B] >= 0) & (state_B >= 0)[:, None]
        mask_BV[:, words_T[known]] = legal_BT[:, known]
        return mask_BV

    # ---- architectures ----

    def architecture(self, tokens: Sequence[int]) -> Architecture:
        tokens = tuple(int(token) for token in tokens)
        require_length(len(tokens), self.length)
        state = 0
        for position, (token, decision) in enumerate(zip(tokens, self.decisions, strict=True)):
            step = self.automaton.steps[position]
            legal = step.legal(state)
            if token not in legal:
                raise ArchitectureError(self._illegal(position, token, legal))
            state = int(step.following[state, token])
            assert state >= 0, f"a legal token of {decision.label} leads on"
        return self._made(tokens)

    def _illegal(self, position: int, token: int, legal: list[int]) -> str:
        decision, absent = self.decisions[position], self.num_options[position]
        if legal == [absent]:
            return (
                f"decision {decision.label!r} (token {position + 1}) is not reached with the tokens before it; "
                f"received {token}: write {absent}, absent"
            )
        options = ", ".join(f"{number} {option}" for number, option in enumerate(decision.options[:8]))
        more = ", ..." if absent > 8 else ""
        return (
            f"tokens of decision {decision.label!r} (token {position + 1}) are 0..{absent - 1} ({options}{more}); "
            f"received {token}: choose one of these"
        )

    def parse(self, text: str) -> Architecture:
        words = text.split()
        for word in words:
            if not (word.isascii() and word.isdecimal() and len(word) <= 9):
                raise ArchitectureError(
                    f"tokens are whole numbers; received {word[:20]!r}: write one for each decision, divided by blanks"
                )
        return self.architecture([int(word) for word in words])

    def _made(self, tokens: tuple[int, ...]) -> Architecture:
        return Architecture(tokens=tokens, canonical=tokens, parts=(self.length,))

    def count(self) -> int:
        return self.automaton.completions[0][0]

    def nth(self, rank: int) -> Architecture:
        self.require_rank(rank)
        tokens, state = [], 0
        for position, step in enumerate(self.automaton.steps):
            for token in step.legal(state):
                after = int(step.following[state, token])
                ways = self.automaton.completions[position + 1][after]
                if rank < ways:
                    break
                rank -= ways
            tokens.append(token)
            state = after
        return self._made(tuple(tokens))

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        tokens_ND = np.zeros((n, self.length), dtype=np.int64)
        state_N = np.zeros(n, dtype=np.int64)
        for position, step in enumerate(self.automaton.steps):
            for state in np.unique(state_N):
                at = np.flatnonzero(state_N == state)
                legal, ends = self._ends(position, int(state))
                tokens_ND[at, position] = np.array(legal)[_picks(ends, len(at), rng)]
            state_N = step.following[state_N, tokens_ND[:, position]]
        return [self._made(tuple(row)) for row in tokens_ND.tolist()]

    def _ends(self, position: int, state: int) -> tuple[list[int], list[int]]:
        """Legal tokens, and the cumulated numbers of ways to go on from each, over their common divisor."""
        step = self.automaton.steps[position]
        legal = step.legal(state)
        ways = [self.automaton.completions[position + 1][int(step.following[state, token])] for token in legal]
        divisor = int(np.gcd.reduce(np.array(ways, dtype=object)))
        return legal, list(accumulate(way // divisor for way in ways))

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """One decision that is reached, drawn uniformly, takes another option, drawn uniformly.

        Decisions that are reached only now take uniform options; those that no longer are become absent.
        """
        before = architecture.tokens
        reached = [k for k, token in enumerate(before) if token < self.num_options[k]]
        changed = reached[int(rng.integers(len(reached)))]
        other = int(rng.integers(self.num_options[changed] - 1))
        tokens, state = [], 0
        for position, step in enumerate(self.automaton.steps):
            legal = step.legal(state)
            token = other + (other >= before[position]) if position == changed else before[position]
            if token not in legal:
                token = legal[int(rng.integers(len(legal)))]
            tokens.append(token)
            state = int(step.following[state, token])
        return self._made(tuple(tokens))

    def shuffle(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """The architecture itself: no two are the same network."""
        return architecture


def require_length(received: int, length: int) -> None:
    """Raise ArchitectureError unless there is one token for each decision."""
    if received != length:
        raise ArchitectureError(
            f"an architecture has {length} tokens, one for each decision; received {received}: write all of them, a "
            "decision that is not reached as the number of its options"
        )


def _picks(ends: Sequence[int], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``n`` exact draws of an index in proportion to the differences of ``ends``."""
    if ends[-1] < 2**62:
        return np.searchsorted(np.array(ends, dtype=np.int64), rng.integers(ends[-1], size=n), side="right")
    drawn = np.array([below(ends[-1], rng) for _ in range(n)], dtype=object)
    return np.searchsorted(np.array(ends, dtype=object), drawn, side="right").astype(np.int64)


def _words(decisions: Sequence[Decision]) -> tuple[list[list[int]], int]:
    """The word of each token of each decision, absent last (-1 where it cannot be), and how many words there are."""
    first: dict[tuple[str, ...], int] = {}
    size = 0
    for decision in decisions:
        if decision.options not in first:
            first[decision.options] = size
            size += len(decision.options)
    absent = size
    found = []
    for decision in decisions:
        start = first[decision.options]
        may_be_absent = decision.reached != ALWAYS
        found.append([*range(start, start + len(decision.options)), absent if may_be_absent else -1])
    return found, size + any(decision.reached != ALWAYS for decision in decisions)
