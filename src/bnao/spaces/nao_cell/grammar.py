"""The grammar of the NAO cell space: two cells (normal, reduction) of nodes with two (input, operation) pairs each.

Text form: ``input op input op`` per node, normal cell ``|`` reduction cell. Input 0 and 1 are the two previous cells,
2... the cell's own nodes; operations are numbered in the order of the operation set. The order of a node's two pairs
does not change the network, so identity is modulo that swap.

Shapes: B sequences, T words, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt, prod

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.errors import ArchitectureError, require

Pair = tuple[int, int]


class NaoCellGrammar(Grammar):
    """Legal NAO cells with ``nodes`` nodes and ``num_operations`` candidate operations.

    Words: inputs are 0..nodes, operations follow from ``nodes + 1`` on (the last node's output is nobody's input).

    >>> NaoCellGrammar(nodes=5, num_operations=5).count() == 209_459_250_000**2
    True
    """

    def __init__(self, *, nodes: int, num_operations: int) -> None:
        require(nodes >= 1, "a cell has at least one node", nodes, "set nodes >= 1")
        require(num_operations >= 1, "a cell needs candidate operations", num_operations, "name at least one")
        self.nodes = nodes
        self.num_operations = num_operations
        self._limits = self._token_limits()

    def _token_limits(self) -> tuple[int, ...]:
        cell = [limit for node in range(self.nodes) for limit in (node + 2, self.num_operations) * 2]
        return tuple(cell * 2)

    # ---- words ----

    @property
    def num_words(self) -> int:
        """Inputs (nodes + 1) and operations."""
        return self.nodes + 1 + self.num_operations

    @property
    def length(self) -> int:
        """8 words for each node: two cells, two pairs, two words a pair."""
        return 8 * self.nodes

    @property
    def words_per_step(self) -> int:
        """An (input, operation) pair is one step of an encoder."""
        return 2

    def encode(self, architecture: Architecture) -> tuple[int, ...]:
        """Words of the architecture in its drawn order, length 8 * nodes."""
        return tuple(t + (self.nodes + 1) * (k % 2) for k, t in enumerate(architecture.tokens))

    def decode(self, words: Sequence[int]) -> Architecture:
        """The architecture of ``length`` words. Raises ArchitectureError."""
        return self.architecture([w - (self.nodes + 1) * (k % 2) for k, w in enumerate(words)])

    def legal_words(self, prefixes_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(B, V) mask; which words are legal depends on the position alone."""
        batch, position = prefixes_BT.shape
        mask = np.zeros((batch, self.num_words), dtype=np.bool_)
        start = (self.nodes + 1) * (position % 2)
        mask[:, start : start + self._limits[position]] = True
        return mask

    # ---- architectures ----

    def architecture(self, tokens: Sequence[int]) -> Architecture:
        """The architecture with these 8 * nodes tokens. Raises ArchitectureError naming the first illegal one."""
        tokens = tuple(int(t) for t in tokens)
        if len(tokens) != self.length:
            raise ArchitectureError(
                f"an architecture with {self.nodes} nodes a cell has {self.length} tokens; received {len(tokens)}: "
                f"write `input op input op` per node, normal cell | reduction cell"
            )
        for position, (token, limit) in enumerate(zip(tokens, self._limits, strict=True)):
            if not 0 <= token < limit:
                cell = "normal" if position < self.length // 2 else "reduction"
                node = position % (self.length // 2) // 4 + 2
                what = "operation" if position % 2 else "input"
                raise ArchitectureError(
                    f"{what}s of state {node} in the {cell} cell are 0..{limit - 1}; received {token} at token "
                    f"{position + 1}: choose one of these"
                )
        half = self.length // 2
        return Architecture(tokens=tokens, canonical=self._canonical(tokens), parts=(half, half))

    def parse(self, text: str) -> Architecture:
        """The architecture of ``normal | reduction``. Raises ArchitectureError."""
        parts = text.split("|")
        if len(parts) != 2:
            raise ArchitectureError(
                f"an architecture is `normal cell | reduction cell`; received {len(parts)} part(s) in {text[:80]!r}: "
                f"divide the two cells by one |"
            )
        tokens: list[int] = []
        for name, part in zip(("normal", "reduction"), parts, strict=True):
            words = part.split()
            if len(words) != self.length // 2:
                raise ArchitectureError(
                    f"the {name} cell has {self.length // 2} tokens; received {len(words)}: "
                    f"write `input op input op` for each of {self.nodes} nodes"
                )
            for word in words:
                if not (word.isascii() and word.isdecimal()):
                    raise ArchitectureError(f"tokens are whole numbers; received {word[:20]!r}: write digits only")
                if len(word) > 4:
                    most = max(self._limits) - 1
                    raise ArchitectureError(
                        f"tokens are whole numbers, {most} at most; received {word[:20]!r}: write fewer digits"
                    )
                tokens.append(int(word))
        return self.architecture(tokens)

    def nodes_of(self, tokens: Sequence[int]) -> list[list[tuple[Pair, Pair]]]:
        """For each of the two cells the list of nodes, each its two (input, operation) pairs in drawn order."""
        pairs = [(tokens[k], tokens[k + 1]) for k in range(0, self.length, 2)]
        nodes = [(pairs[k], pairs[k + 1]) for k in range(0, len(pairs), 2)]
        return [nodes[: self.nodes], nodes[self.nodes :]]

    def _canonical(self, tokens: Sequence[int]) -> tuple[int, ...]:
        ordered = (sorted(node) for cell in self.nodes_of(tokens) for node in cell)
        return tuple(t for node in ordered for pair in node for t in pair)

    def count(self) -> int:
        """Product over nodes of m (m + 1) / 2 with m = (node + 2) * operations, squared for the two cells."""
        return prod(self._couples())

    def _couples(self) -> list[int]:
        """For each node of both cells its number of unordered couples of (input, operation) pairs."""
        pairs = [(node + 2) * self.num_operations for node in range(self.nodes)]
        return [m * (m + 1) // 2 for m in pairs] * 2

    def nth(self, rank: int) -> Architecture:
        """The architecture of ``rank``, whose mixed-radix digits are the ranks of the nodes' couples, first node last.

        The couple of pairs low <= high has rank high (high + 1) / 2 + low. Raises ArchitectureError out of range.
        """
        self.require_rank(rank)
        tokens: list[int] = []
        for couples in self._couples():
            rank, couple = divmod(rank, couples)
            high = (isqrt(8 * couple + 1) - 1) // 2
            low = couple - high * (high + 1) // 2
            tokens += [*divmod(low, self.num_operations), *divmod(high, self.num_operations)]
        half = self.length // 2
        return Architecture(tokens=tuple(tokens), canonical=tuple(tokens), parts=(half, half))

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws, uniform over distinct architectures: each node an unordered couple of pairs, by its rank."""
        columns = []
        for node in list(range(self.nodes)) * 2:
            m = (node + 2) * self.num_operations
            rank = rng.integers(m * (m + 1) // 2, size=n)
            high = ((np.sqrt(8.0 * rank + 1.0) - 1.0) / 2.0).astype(np.int64)
            high += (high + 1) * (high + 2) // 2 <= rank  # exact, whatever the rounding of the root
            high -= high * (high + 1) // 2 > rank
            low = rank - high * (high + 1) // 2
            columns += [low // self.num_operations, low % self.num_operations]
            columns += [high // self.num_operations, high % self.num_operations]
        half = self.length // 2
        rows = np.stack(columns, axis=1).tolist()
        return [Architecture(tokens=tuple(r), canonical=tuple(r), parts=(half, half)) for r in rows]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """One token, drawn among those with an alternative, takes another legal value."""
        free = [k for k, limit in enumerate(self._limits) if limit > 1]
        position = free[int(rng.integers(len(free)))]
        tokens = list(architecture.tokens)
        other = int(rng.integers(self._limits[position] - 1))
        tokens[position] = other + (other >= tokens[position])
        return self.architecture(tokens)

    def shuffle(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Each node's two pairs in random order."""
        swap = rng.integers(2, size=2 * self.nodes).tolist()
        tokens: list[int] = []
        for k, flip in enumerate(swap):
            a, b = architecture.tokens[4 * k : 4 * k + 2], architecture.tokens[4 * k + 2 : 4 * k + 4]
            tokens += (*b, *a) if flip else (*a, *b)
        return Architecture(tokens=tuple(tokens), canonical=architecture.canonical, parts=architecture.parts)
