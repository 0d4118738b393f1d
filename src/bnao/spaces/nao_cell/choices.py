"""The decisions of a NAO cell in words: which input and which operation stand at each side of each node."""

from __future__ import annotations

from collections.abc import Sequence

from bnao.arch import Architecture
from bnao.spaces.choices import Choice
from bnao.spaces.nao_cell.grammar import NaoCellGrammar


class ChoiceTable:
    """Every choice of a space of NAO cells, by position and token; made once, so that counting only looks up.

    Nodes have the numbers of the drawing: inputs ``k-2`` and ``k-1``, nodes from 2. ``first`` and ``second`` are a
    node's sides as drawn, not as canonical: they use different shared weights, and training draws either order.

    >>> table = ChoiceTable(NaoCellGrammar(nodes=2, num_operations=2), ["identity", "max_pool_3x3"])
    >>> architecture = table.grammar.parse("0 0 0 1 2 1 1 0 | 0 0 0 0 0 0 0 0")
    >>> [(c.kind, c.place, c.option) for c in table.of(architecture)[4:6]]
    [('input', 'normal cell, node 3, first', 'node 2'), ('operation', 'normal cell, node 3, first', 'max_pool_3x3')]
    >>> len(table.all())  # two cells, two sides: 2 or 3 inputs, 2 operations
    36
    """

    def __init__(self, grammar: NaoCellGrammar, operations: Sequence[str]) -> None:
        self.grammar = grammar
        self._rows: list[list[Choice]] = []  # one for each token's position
        for cell in ("normal cell", "reduction cell"):
            for node in range(2, grammar.nodes + 2):
                for side in ("first", "second"):
                    place = f"{cell}, node {node}, {side}"
                    self._rows.append([Choice("input", place, _state(state)) for state in range(node)])
                    self._rows.append([Choice("operation", place, name) for name in operations])

    def of(self, architecture: Architecture) -> list[Choice]:
        """The 8 * nodes choices of an architecture, in its drawn order."""
        return [row[token] for row, token in zip(self._rows, architecture.tokens, strict=True)]

    def all(self) -> list[Choice]:
        """All choices: by cell, node and side; inputs before operations, each in the order of their tokens."""
        return [choice for row in self._rows for choice in row]


def _state(state: int) -> str:
    return ("k-2", "k-1")[state] if state < 2 else f"node {state}"
