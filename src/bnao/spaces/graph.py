"""An architecture as a graph for drawing: plain values that any space can give and any page can lay out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One operation of a node. ``kind`` is its family: "convolution", "pooling", "identity" or "other"."""

    text: str
    kind: str = "other"


def family(operation: str) -> str:
    """The family of an operation by its name, for its colour.

    >>> [family(name) for name in ("sep_conv_3x3", "avg_pool_3x3", "skip_connect", "zero")]
    ['convolution', 'pooling', 'identity', 'other']
    """
    if "conv" in operation:
        return "convolution"
    if "pool" in operation:
        return "pooling"
    return "identity" if operation in ("identity", "skip_connect") else "other"


@dataclass(frozen=True)
class Node:
    """A state of the network. ``id`` is unique in its graph; ``hint`` says more about the title in a few words."""

    id: str
    title: str
    rows: tuple[Row, ...] = ()
    kind: Literal["input", "node", "output"] = "node"
    hint: str = ""


@dataclass(frozen=True)
class Edge:
    """What flows from one node to another. ``row`` is the target's row that it enters, None for the node as a whole."""

    source: str
    target: str
    row: int | None = None


@dataclass(frozen=True)
class Graph:
    """A directed graph without cycles, under a title ("normal cell").

    >>> Graph("toy", (Node("a", "input", kind="input"), Node("b", "output", kind="output")), (Edge("a", "b"),)).title
    'toy'
    """

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        by_id = {node.id: node for node in self.nodes}
        assert len(by_id) == len(self.nodes), "ids of nodes are distinct"
        for edge in self.edges:
            assert {edge.source, edge.target} <= by_id.keys(), f"an edge joins nodes of its graph: {edge}"
            assert edge.row is None or 0 <= edge.row < len(by_id[edge.target].rows), f"the row exists: {edge}"
