"""Architectures as graphs: NAO cells say exactly what the grammar says; a space without graphs gives none."""

from typing import Any

import numpy as np
import pytest

from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, make_space
from bnao.spaces.config import SpaceConfig
from bnao.spaces.graph import Edge, Graph, Node, Row
from bnao.spaces.nao_cell import OPERATION_SETS, PUBLISHED, NaoCellSpace
from bnao.spaces.nao_cell.graph import cell_graph


def test_the_graph_reads_back() -> None:
    """Nodes, rows and edges give the architecture's tokens; the output joins what no row reads."""
    space = NaoCellSpace(SpaceConfig())
    names = [name.replace("_", " ") for name in OPERATION_SETS["small"]]
    rng = np.random.default_rng(0)
    for text in [PUBLISHED, *map(str, space.grammar.sample(20, rng))]:
        architecture = space.grammar.parse(text)
        graphs = space.graph(architecture)
        assert [graph.title for graph in graphs] == ["normal cell", "reduction cell"]
        tokens: list[int] = []
        for graph in graphs:
            sources = {(edge.target, edge.row): edge.source for edge in graph.edges if edge.row is not None}
            for node in graph.nodes[2:-1]:
                assert node.kind == "node" and node.title == f"node {node.id}"
                for k, row in enumerate(node.rows):
                    tokens += [int(sources[node.id, k]), names.index(row.text)]
            joined = {edge.source for edge in graph.edges if edge.row is None}
            assert joined == {node.id for node in graph.nodes[:-1]} - set(sources.values())
            assert [node.kind for node in graph.nodes[:2]] == ["input", "input"]
            assert [node.title for node in graph.nodes[:2]] == ["k-2", "k-1"]
            assert graph.nodes[-1].kind == "output"
        assert tuple(tokens) == architecture.tokens


def test_output_is_named_where_states_are_joined() -> None:
    one = [((0, "identity"), (1, "identity"))]
    assert cell_graph("cell", one).nodes[-1].hint == ""
    assert cell_graph("cell", one, output="project").nodes[-1].hint == "project"
    assert cell_graph("cell", [((0, "identity"), (0, "identity"))]).nodes[-1].hint == "concat"


def test_default_is_no_graph() -> None:
    class Plain(NaoCellSpace):
        graph = SearchSpace.graph

    space = Plain(SpaceConfig())
    assert space.graph(space.grammar.parse(PUBLISHED)) == []


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        ((Node("a", "a"), Node("a", "b")), ()),
        ((Node("a", "a"),), (Edge("a", "b"),)),
        ((Node("a", "a"), Node("b", "b", (Row("x"),))), (Edge("a", "b", 1),)),
    ],
)
def test_refuses_what_is_no_graph(nodes: Any, edges: Any) -> None:
    with pytest.raises(AssertionError):
        Graph("broken", nodes, edges)


def test_each_space_says_how_its_own_graphs_are_read() -> None:
    load_spaces()
    nao, bench, mobile = (make_space(SpaceConfig(name=name)) for name in ("nao_cell", "nasbench201", "mobile"))
    assert "no node reads" in nao.legend and "none is not drawn" in bench.legend and "mbconv6_3x3" in mobile.legend
    assert [space.has_output_forms for space in (nao, bench, mobile)] == [True, False, False]
