"""NAO cells as graphs for drawing."""

from __future__ import annotations

from collections.abc import Sequence

from bnao.spaces.graph import Edge, Graph, Row, family
from bnao.spaces.graph import Node as GraphNode
from bnao.spaces.nao_cell.drawing import Node, unused_states

_INPUTS = (("k-2", "output two cells before"), ("k-1", "output of the cell before"))


def cell_graph(title: str, nodes: Sequence[Node], *, output: str = "concat") -> Graph:
    """One cell; ``nodes`` are two (input state, operation name) pairs each.

    ``output`` names how unused states are joined ("concat" or "project"), as in the text drawing.

    >>> graph = cell_graph("normal cell", [((0, "identity"), (1, "max_pool_3x3"))])
    >>> [node.title for node in graph.nodes], graph.nodes[2].rows[1].text
    (['k-2', 'k-1', 'node 2', 'output'], 'max pool 3x3')
    """
    unused = unused_states(nodes)
    joined = output if len(unused) > 1 or output != "concat" else ""
    return Graph(
        title,
        (
            *(GraphNode(str(k), name, kind="input", hint=hint) for k, (name, hint) in enumerate(_INPUTS)),
            *(
                GraphNode(str(k), f"node {k}", tuple(Row(_words(name), family(name)) for _, name in node))
                for k, node in enumerate(nodes, 2)
            ),
            GraphNode("output", "output", kind="output", hint=joined),
        ),
        (
            *(Edge(str(state), str(k), row) for k, node in enumerate(nodes, 2) for row, (state, _) in enumerate(node)),
            *(Edge(str(state), "output") for state in unused),
        ),
    )


def _words(operation: str) -> str:
    return operation.replace("_", " ")
