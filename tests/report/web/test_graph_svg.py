"""Graphs as SVG: well-formed, nothing on top of anything, every line from left to right, every name escaped."""

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.report.web.graph_layout import lay_out
from bnao.report.web.graph_svg import graph_svg, text_width
from bnao.spaces.config import SpaceConfig
from bnao.spaces.graph import Edge, Graph, Node, Row
from bnao.spaces.nao_cell import PUBLISHED, NaoCellSpace
from bnao.spaces.nao_cell.graph import cell_graph

SVG = "{http://www.w3.org/2000/svg}"
OPERATIONS = ["sep_conv_3x3", "max_pool_3x3", "identity", "zero", "a_very_long_name_of_an_operation_of_yours"]


@st.composite
def graphs(draw: Any) -> Graph:
    size = draw(st.integers(1, 8))
    pair = [st.tuples(st.integers(0, k + 1), st.sampled_from(OPERATIONS)) for k in range(size)]
    return cell_graph("cell", [(draw(pair[k]), draw(pair[k])) for k in range(size)])


Box = tuple[float, float, float, float]


def cards(root: ElementTree.Element) -> list[Box]:
    """Left, top, right, bottom."""
    found = []
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("class") == "card":
            x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def points(path: str) -> list[tuple[float, float]]:
    """Ends and control points of a path of M, C and H."""
    found: list[tuple[float, float]] = []
    for letter, text in re.findall(r"([MCH])([^MCH]*)", path):
        numbers = [float(number) for number in text.split()]
        if letter == "H":
            found.append((numbers[0], found[-1][1]))
        else:
            found += zip(numbers[::2], numbers[1::2], strict=True)
    return found


@settings(max_examples=40, deadline=None)
@given(graph=graphs())
def test_cards_and_lines_do_not_collide(graph: Graph) -> None:
    root = ElementTree.fromstring(graph_svg(graph, "p-"))
    boxes = cards(root)
    assert len(boxes) == len(graph.nodes)
    for k, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:k]:
            assert right < other[0] or other[2] < left or bottom < other[1] or other[3] < top
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert root.attrib["width"] == f"{width:g}" and "max-width:none" in root.attrib["style"]
    assert all(box[0] > 0 and box[1] > 0 and box[2] < width and box[3] < height for box in boxes)

    paths = [points(path.attrib["d"]) for path in root.iter(f"{SVG}path")]
    assert len(paths) == len(graph.edges)
    index = {node.id: k for k, node in enumerate(graph.nodes)}
    for edge, line in zip(graph.edges, paths, strict=True):
        source, target = boxes[index[edge.source]], boxes[index[edge.target]]
        xs = [x for x, _ in line]
        assert xs == sorted(xs) and xs[0] < xs[-1]
        assert line[0] == pytest.approx((source[2], (source[1] + source[3]) / 2), abs=0.1)
        assert line[-1][0] == target[0] and target[1] < line[-1][1] < target[3]
        for (x, y), (end, low) in pairwise(line):
            if y == low:  # a level piece over a layer: passes no card
                middle = (x + end) / 2
                assert not any(box[0] < middle < box[2] and box[1] < y < box[3] for box in boxes)


@settings(max_examples=40, deadline=None)
@given(graph=graphs())
def test_text_stays_in_its_card(graph: Graph) -> None:
    root = ElementTree.fromstring(graph_svg(graph, "p-"))
    groups = [group for group in root.iter(f"{SVG}g") if group.get("class") == "node"]
    for group, (left, top, right, bottom) in zip(groups, cards(root), strict=True):
        for text in group.iter(f"{SVG}text"):
            shown = "".join(text.itertext()) if len(text) == 0 else text[0].tail or ""
            scale = 0.9 if "11.5px" in text.attrib["style"] else 1.0
            assert left < float(text.attrib["x"])
            assert float(text.attrib["x"]) + scale * text_width(shown) <= right
            assert top < float(text.attrib["y"]) < bottom


def test_the_same_graph_gives_the_same_text() -> None:
    space = NaoCellSpace(SpaceConfig())
    for graph in space.graph(space.grammar.parse(PUBLISHED)):
        assert graph_svg(graph, "p-") == graph_svg(graph, "p-")
        assert float(ElementTree.fromstring(graph_svg(graph, "p-")).attrib["width"]) < 900


def test_a_chain_of_five_nodes_stays_compact() -> None:
    chain = cell_graph("cell", [((k + 1, "sep_conv_3x3"), (k, "sep_conv_5x5")) for k in range(5)])
    assert float(ElementTree.fromstring(graph_svg(chain, "")).attrib["width"]) < 960


def test_lines_do_not_cross_needlessly() -> None:
    """Two pairs that cross in the order of the nodes."""
    nodes = (Node("a", "a"), Node("b", "b"), Node("c", "c", (Row("x"),)), Node("d", "d", (Row("y"),)))
    graph = Graph("crossed", nodes, (Edge("a", "d", 0), Edge("b", "c", 0)))
    layout = lay_out(graph, [30] * 4, [[], [], [15], [15]])
    assert layout.layers == [[0, 1], [3, 2]]


def test_names_are_escaped_and_ids_prefixed() -> None:
    evil = "</svg><script>alert('1')</script>&\" \x00\ud800"
    nodes = (Node(evil, evil, kind="input", hint=evil), Node("b", evil, (Row(evil, evil),)))
    svg = graph_svg(Graph(evil, nodes, (Edge(evil, "b", 0),)), "page-")
    root = ElementTree.fromstring(svg)
    assert "<script" not in svg and "var(--op-other)" in svg
    assert root.attrib["role"] == "img" and "alert" in root.attrib["aria-label"]
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids)) == 2 and all(name.startswith("page-") for name in ids)
    assert set(re.findall(r"(?:fill|stroke):([^;\"]+)", svg)) <= {"none"} | {
        f"var(--{name})" for name in ("ink", "card", "line", "muted", "op-other")
    }


def test_cycles_are_refused_and_nothing_is_drawn_as_nothing() -> None:
    nodes = (Node("a", "a", (Row("x"),)), Node("b", "b", (Row("y"),)))
    with pytest.raises(AssertionError, match="cycle"):
        graph_svg(Graph("loop", nodes, (Edge("a", "b", 0), Edge("b", "a", 0))), "")
    ElementTree.fromstring(graph_svg(Graph("empty", (), ()), ""))


def test_description_says_every_edge() -> None:
    graph = cell_graph("normal cell", [((0, "identity"), (1, "max_pool_3x3")), ((2, "sep_conv_3x3"), (0, "zero"))])
    label = ElementTree.fromstring(graph_svg(graph, "")).attrib["aria-label"]
    assert label == (
        "normal cell, from left to right. node 2: identity of k-2; max pool 3x3 of k-1. "
        "node 3: sep conv 3x3 of node 2; zero of k-2. output: from node 3."
    )


def test_a_port_stands_at_its_row_below_a_hint() -> None:
    nodes = (Node("a", "a"), Node("b", "b", (Row("x"),), hint="a hint"))
    root = ElementTree.fromstring(graph_svg(Graph("hinted", nodes, (Edge("a", "b", 0),)), ""))
    bar = next(rect for rect in root.iter(f"{SVG}rect") if rect.get("class") is None)
    circle = next(root.iter(f"{SVG}circle"))
    assert float(circle.attrib["cy"]) == float(bar.attrib["y"]) + float(bar.attrib["height"]) / 2
