"""NAS-Bench-201 cells drawn: as formulas in text, and as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bnao.spaces.graph import Edge, Graph, Node, Row, family
from bnao.spaces.nasbench201.cells import EDGES, NONE, OPERATION_NAMES, live_edges

_TITLES = ("input", "state 1", "state 2", "output")
_KINDS: tuple[Literal["input", "node", "output"], ...] = ("input", "node", "node", "output")


def draw_cell(cell: Sequence[int]) -> str:
    """One line for each state; edges that lead nowhere stand in brackets.

    >>> print(draw_cell((3, 0, 0, 1, 0, 2)))
    cell: state 0 is its input, state 3 its output
      1 = [nor_conv_3x3(0)]
      2 = nothing
      3 = skip_connect(0) + [nor_conv_1x1(2)]
    """
    lines = ["cell: state 0 is its input, state 3 its output"]
    live = dict(zip(EDGES, live_edges(cell), strict=True))
    for state in range(1, 4):
        terms = []
        for edge, operation in zip(EDGES, cell, strict=True):
            if edge[0] == state and operation != NONE:
                text = f"{OPERATION_NAMES[operation]}({edge[1]})"
                terms.append(text if live[edge] else f"[{text}]")
        lines.append(f"  {state} = {' + '.join(terms) or 'nothing'}")
    return "\n".join(lines)


def cell_graph(cell: Sequence[int]) -> Graph:
    """The cell's four states, each but the input with the operations that enter it.

    >>> [len(node.rows) for node in cell_graph((3, 0, 0, 1, 0, 2)).nodes]
    [0, 1, 0, 2]
    """
    nodes, edges = [], []
    for state, title in enumerate(_TITLES):
        rows: list[Row] = []
        for (target, source), operation in zip(EDGES, cell, strict=True):
            if target == state and operation != NONE:
                edges.append(Edge(str(source), str(state), len(rows)))
                name = OPERATION_NAMES[operation]
                rows.append(Row(name.replace("_", " "), family(name)))
        nodes.append(Node(str(state), title, tuple(rows), kind=_KINDS[state]))
    return Graph("cell", tuple(nodes), tuple(edges))
