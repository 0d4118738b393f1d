"""Architectures of your own space for people: as text, as graphs, and each decision in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from bnao.arch import Architecture
from bnao.spaces.choices import Choice
from bnao.spaces.graph import Edge, Graph, Node, Row, family
from bnao.spaces.own.layout import Decision

WIDTH = 80


class Words:
    """The decisions in words.

    >>> from bnao.spaces.own.conditions import ALWAYS
    >>> Words([Decision("stem", "option", ("conv", "pool"), ALWAYS)]).all_choices()[1]
    Choice(kind='option', place='stem', option='pool')
    """

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self._decisions = tuple(decisions)

    def taken(self, architecture: Architecture) -> list[tuple[Decision, str]]:
        """The decisions that are reached, with what was decided."""
        pairs = zip(self._decisions, architecture.tokens, strict=True)
        return [(decision, decision.options[token]) for decision, token in pairs if token < len(decision.options)]

    def draw(self, architecture: Architecture) -> str:
        """A line for each decision that is reached."""
        taken = self.taken(architecture)
        width = min(max(len(decision.label) for decision, _ in taken), 50)
        lines = [f"  {_cut(d.label, width):<{width}}  {_option(d, option)}" for d, option in taken]
        return "\n".join(_cut(line, WIDTH) for line in lines)

    def graphs(self, architecture: Architecture) -> list[Graph]:
        """The decisions in order, a chain for each attribute of the network that holds some."""
        found = []
        for title, group in groupby(self.taken(architecture), key=lambda pair: _attribute(pair[0].label)):
            nodes = [Node("start", "start", kind="input")]
            for number, (decision, option) in enumerate(group):
                name = decision.label.removeprefix(title).lstrip(".") or title
                row = Row(_option(decision, option), family(option))
                nodes.append(Node(str(number), name, (row,)))
            nodes.append(Node("end", "end", kind="output"))
            edges = [Edge(before.id, after.id, 0 if after.rows else None) for before, after in pairwise(nodes)]
            found.append(Graph(title, tuple(nodes), tuple(edges)))
        return found

    def choices(self, architecture: Architecture) -> list[Choice]:
        """The decisions that are reached, in order."""
        return [Choice(decision.kind, decision.label, option) for decision, option in self.taken(architecture)]

    def all_choices(self) -> list[Choice]:
        """By decision, then by option."""
        return [
            Choice(decision.kind, decision.label, option) for decision in self._decisions for option in decision.options
        ]


def _attribute(label: str) -> str:
    """``blocks`` of ``blocks.0[k3].conv``."""
    return label.partition("[")[0].partition(".")[0] or label


def _option(decision: Decision, option: str) -> str:
    return f"{option} times" if decision.kind == "repetitions" else option


def _cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, its end kept."""
    return text if len(text) <= width else text[: width // 3] + "…" + text[-(width - width // 3 - 1) :]
