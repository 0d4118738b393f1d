"""Mobile architectures for people: as text, as graphs, and each layer's choice in words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise

from bnao.arch import Architecture
from bnao.spaces.choices import Choice
from bnao.spaces.graph import Edge, Graph, Node, Row
from bnao.spaces.mobile.plan import Block, Layer

WIDTH = 80


class Words:
    """The chain's stages and options, made once.

    >>> from fractions import Fraction
    >>> layer = Layer(stage=1, place=1, width_in=Fraction(1), width_out=Fraction(2), stride=2, skip=True)
    >>> Words([layer], [Block(3, 6)]).all_choices()
    [Choice(kind='operation', place='stage 1, layer 1', option='mbconv6_3x3')]
    """

    def __init__(self, layers: Sequence[Layer], blocks: Sequence[Block]) -> None:
        self._layers = layers
        self._names = ["identity", *(block.name for block in blocks)]
        self._stages = [[layer for layer in layers if layer.stage == stage] for stage in range(1, layers[-1].stage + 1)]

    def draw(self, architecture: Architecture) -> str:
        """A line for each stage: width over the network's channels C, stride, and the layers in order."""
        lines = [_line("stem", "C", ["conv_3x3"])]
        for stage, names in zip(self._stages, self._by_stage(architecture), strict=True):
            lines.append(_line(f"stage {stage[0].stage}", _where(stage[0]), names))
        lines.append(_line("head", "", ["conv_1x1", "pool", "linear"]))
        return "\n".join(lines)

    def graphs(self, architecture: Architecture) -> list[Graph]:
        """One chain for each stage, skipped layers included."""
        found = []
        for stage, names in zip(self._stages, self._by_stage(architecture), strict=True):
            nodes = [Node("input", "input", kind="input", hint="the stem" if stage[0].stage == 1 else "stage before")]
            for layer, name in zip(stage, names, strict=True):
                kind = "identity" if name == "identity" else "convolution"
                hint = "stride 2" if layer.stride == 2 else ""
                nodes.append(
                    Node(str(layer.place), f"layer {layer.place}", (Row(name.replace("_", " "), kind),), hint=hint)
                )
            nodes.append(Node("output", "output", kind="output"))
            edges = [Edge(before.id, after.id, 0 if after.rows else None) for before, after in pairwise(nodes)]
            found.append(Graph(f"stage {stage[0].stage}, width {_where(stage[0])}", tuple(nodes), tuple(edges)))
        return found

    def choices(self, architecture: Architecture) -> list[Choice]:
        """What stands at each layer, as drawn."""
        return [self._choice(layer, token) for layer, token in zip(self._layers, architecture.tokens, strict=True)]

    def all_choices(self) -> list[Choice]:
        """By layer, then by token."""
        return [
            self._choice(layer, token)
            for layer in self._layers
            for token in range(0 if layer.skippable else 1, len(self._names))
        ]

    def _choice(self, layer: Layer, token: int) -> Choice:
        return Choice("operation", f"stage {layer.stage}, layer {layer.place}", self._names[token])

    def _by_stage(self, architecture: Architecture) -> list[list[str]]:
        found, start = [], 0
        for stage in self._stages:
            found.append([self._names[token] for token in architecture.tokens[start : start + len(stage)]])
            start += len(stage)
        return found


def _where(first: Layer) -> str:
    """``2 C, stride 2``."""
    width = "C" if first.width_out == 1 else f"{float(first.width_out):g} C"
    return width + (", stride 2" if first.stride == 2 else "")


def _line(title: str, where: str, names: Sequence[str]) -> str:
    """``title  where  a → b → c``, wrapped under the first name."""
    start = f"  {title:<9}{where:<15}"
    return textwrap.fill(
        " → ".join(names), WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_long_words=False
    )
