"""The grammar of NAS-Bench-201: one operation for each of six edges.

Text form: `op_1_0 | op_2_0 op_2_1 | op_3_0 op_3_1 op_3_2`, operations by number; the benchmark's own text,
``|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...|``, is read too. Identity is modulo isomorphism: 6,466 distinct cells.

Shapes: B sequences, T words, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.errors import ArchitectureError, unknown_name
from bnao.spaces.nasbench201.cells import EDGES, OPERATION_NAMES, classes, representatives

_PARTS = (1, 2, 3)
_FORM = "write `op_1_0 | op_2_0 op_2_1 | op_3_0 op_3_1 op_3_2`, such as `3 | 0 3 | 1 0 3`"


class NasBench201Grammar(Grammar):
    """All 15,625 cells. A word is an operation's number.

    >>> NasBench201Grammar().count()
    6466
    """

    # ---- words ----

    @property
    def num_words(self) -> int:
        """The five operations."""
        return len(OPERATION_NAMES)

    @property
    def length(self) -> int:
        """Six edges."""
        return len(EDGES)

    def encode(self, architecture: Architecture) -> tuple[int, ...]:
        """The tokens."""
        return architecture.tokens

    def decode(self, words: Sequence[int]) -> Architecture:
        """The architecture of six words. Raises ArchitectureError."""
        return self.architecture(words)

    def legal_words(self, prefixes_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, V) mask: every operation is legal everywhere."""
        return np.ones((len(prefixes_BT), self.num_words), dtype=np.bool_)

    # ---- architectures ----

    def architecture(self, tokens: Sequence[int]) -> Architecture:
        """The cell with these six operations, in the order of ``EDGES``. Raises ArchitectureError."""
        tokens = tuple(int(token) for token in tokens)
        if len(tokens) != len(EDGES):
            raise ArchitectureError(f"a NAS-Bench-201 cell has {len(EDGES)} tokens; received {len(tokens)}: {_FORM}")
        for (target, source), token in zip(EDGES, tokens, strict=True):
            if not 0 <= token < len(OPERATION_NAMES):
                known = ", ".join(f"{k} {name}" for k, name in enumerate(OPERATION_NAMES))
                raise ArchitectureError(
                    f"operations are {known}; received {token} on the edge from state {source} to {target}: choose one"
                )
        return Architecture(tokens=tokens, canonical=classes()[tokens][0], parts=_PARTS)

    def parse(self, text: str) -> Architecture:
        """The cell of either text form. Raises ArchitectureError."""
        return self.architecture(_named_tokens(text) if "~" in text else _numbered_tokens(text))

    def benchmark_text(self, architecture: Architecture) -> str:
        """The benchmark's own text of the architecture as drawn.

        >>> grammar = NasBench201Grammar()
        >>> grammar.benchmark_text(grammar.parse("3 | 0 1 | 0 2 4"))
        '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|'
        """
        parts: dict[int, str] = {}
        for (target, source), token in zip(EDGES, architecture.tokens, strict=True):
            parts[target] = parts.get(target, "|") + f"{OPERATION_NAMES[token]}~{source}|"
        return "+".join(parts.values())

    def count(self) -> int:
        """Distinct cells: isomorphic ones count once."""
        return len(representatives())

    def nth(self, rank: int) -> Architecture:
        """The ``rank``-th representative. Raises ArchitectureError out of range."""
        self.require_rank(rank)
        cell = representatives()[rank]
        return Architecture(tokens=cell, canonical=cell, parts=_PARTS)

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Uniform over distinct cells."""
        return [self.nth(int(rank)) for rank in rng.integers(self.count(), size=n)]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """One edge takes another operation (the mutant may be isomorphic to the original)."""
        tokens = list(architecture.tokens)
        position, other = int(rng.integers(len(EDGES))), int(rng.integers(len(OPERATION_NAMES) - 1))
        tokens[position] = other + (other >= tokens[position])
        return self.architecture(tokens)

    def shuffle(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A uniform draw among the isomorphic cells that spend the fewest operations."""
        forms = classes()[architecture.tokens]
        tokens = forms[int(rng.integers(len(forms)))]
        return Architecture(tokens=tokens, canonical=forms[0], parts=_PARTS)


def _numbered_tokens(text: str) -> list[int]:
    groups = [part.split() for part in text.split("|")]
    if [len(group) for group in groups] != list(_PARTS):
        raise ArchitectureError(
            f"a NAS-Bench-201 cell has parts of 1, 2 and 3 operations; received {text[:80]!r}: {_FORM}"
        )
    words = [word for group in groups for word in group]
    for word in words:
        if not (word.isascii() and word.isdecimal() and len(word) <= 4):
            raise ArchitectureError(f"operations are numbers from 0 to 4; received {word[:20]!r}: {_FORM}")
    return [int(word) for word in words]


def _named_tokens(text: str) -> list[int]:
    groups = [[item for item in group.split("|") if item.strip()] for group in text.strip().split("+")]
    if [len(group) for group in groups] != list(_PARTS):
        raise ArchitectureError(
            f"a NAS-Bench-201 cell has nodes of 1, 2 and 3 `operation~state`; received {text[:120]!r}: "
            "write `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`"
        )
    tokens = []
    for group in groups:
        for source, item in enumerate(group):
            name, _, state = item.strip().partition("~")
            if state != str(source):
                raise ArchitectureError(
                    f"a node lists its edges from state 0 on; received {item[:40]!r} in place {source}: "
                    "write them in order"
                )
            if name not in OPERATION_NAMES:
                raise ArchitectureError(str(unknown_name("operation", name[:40], OPERATION_NAMES)))
            tokens.append(OPERATION_NAMES.index(name))
    return tokens
