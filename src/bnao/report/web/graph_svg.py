"""A graph as an inline SVG: cards from left to right, an input port for each of a card's rows.

Colours are the page's CSS variables, the font is the page's. Widths of text are estimated from above (no font is at
hand), so that nothing is cut; a very long text ends in an ellipsis and is whole in its tooltip.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from bnao.report.web.figure import plain
from bnao.report.web.graph_layout import Layout, lay_out
from bnao.spaces.graph import Graph, Node

FAMILIES = ("convolution", "pooling", "identity")
LONGEST = 28  # characters of a title or a row
MARGIN = 6.0
NARROW, WIDE = 32.0, 64.0  # the gap of two columns, wider where lines are steep
HEAD, ROW, HINT, FOOT = 26.0, 25.0, 15.0, 5.0  # heights of a card's parts
SIDE = 8.0  # from a card's edge to its text
ROW_SIDE = 5.0  # from a title's left to a row's, for the port

_WIDTHS = {" ": 4.6} | dict.fromkeys("ijl.,:;|!'", 4.6) | dict.fromkeys("frt-()[]", 6.0) | dict.fromkeys("mwMW@%", 13.0)


def graph_svg(graph: Graph, prefix: str) -> str:
    """``graph`` drawn in its natural size; ids begin with ``prefix``. The same graph gives the same text."""
    hints = [_hint_lines(node) for node in graph.nodes]
    cells = list(zip(graph.nodes, hints, strict=True))
    heights = [_height(node, lines) for node, lines in cells]
    ports = [[_row_top(row, lines) + ROW / 2 for row in range(len(node.rows))] for node, lines in cells]
    layout = lay_out(graph, heights, ports)
    lefts, widths = _columns(graph, layout, hints)
    lines = [_path(layout, k, lefts, widths) for k in range(len(graph.edges))]
    dots = {  # a dictionary, for edges may share a port
        (lefts[layout.items[route[-1][0]].layer], MARGIN + layout.height(route[-1])): _colour(graph, k)
        for k, route in enumerate(layout.routes)
    }
    width = lefts[-1] + widths[-1] + MARGIN
    height = max((item.top + item.height for item in layout.items), default=0.0) + 2 * MARGIN
    cards = [
        _card(*cell, f"{prefix}node-{k}", (lefts[item.layer], MARGIN + item.top, widths[item.layer], item.height))
        for k, (cell, item) in enumerate(zip(cells, layout.items, strict=False))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(in_words(graph))}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        'style="max-width:none;font-family:inherit;font-size:13px">'
        f'<g style="fill:none;stroke:var(--muted);stroke-width:1.4;stroke-linecap:round">{"".join(lines)}</g>'
        f'{"".join(cards)}<g style="stroke:var(--card);stroke-width:1.5">'
        + "".join(f'<circle cx="{x:g}" cy="{y:g}" r="4.5" style="fill:{fill}"/>' for (x, y), fill in dots.items())
        + "</g></svg>"
    )


def in_words(graph: Graph) -> str:
    """The graph as a sentence, for those who do not see it: each node with what it takes from where.

    >>> from bnao.spaces.graph import Edge, Graph, Row
    >>> nodes = Node("0", "k-1", kind="input"), Node("2", "node 2", (Row("identity"),)), Node("o", "output")
    >>> in_words(Graph("cell", nodes, (Edge("0", "2", 0), Edge("2", "o"))))
    'cell, from left to right. node 2: identity of k-1. output: from node 2.'
    """
    titles = {node.id: plain(node.title, LONGEST) for node in graph.nodes}
    said = [f"{plain(graph.title)}, from left to right."]
    for node in graph.nodes:
        sources: dict[int | None, list[str]] = {}
        for edge in graph.edges:
            if edge.target == node.id:
                sources.setdefault(edge.row, []).append(titles[edge.source])
        parts = [
            f"{plain(row.text, 80)} of {' and '.join(sources.get(k, ['nothing']))}" for k, row in enumerate(node.rows)
        ]
        parts += [f"from {', '.join(sources[None])}"] if None in sources else []
        if parts:
            hint = f" ({plain(node.hint, 80)})" if node.hint else ""
            said.append(f"{titles[node.id]}{hint}: {'; '.join(parts)}.")
    return " ".join(said)


def text_width(text: str) -> float:
    """A width at 13 px that common fonts do not exceed."""
    return sum(
        13.0 if unicodedata.east_asian_width(c) in "WF" else _WIDTHS.get(c, 9.8 if c.isupper() or ord(c) > 591 else 8.3)
        for c in text
    )


def _hint_lines(node: Node) -> list[str]:
    return textwrap.wrap(plain(node.hint, 60), 13)


def _height(node: Node, hint: Sequence[str]) -> float:
    return HEAD + ROW * len(node.rows) + HINT * len(hint) + (FOOT if node.rows or hint else 0.0)


def _row_top(row: int, hint: Sequence[str]) -> float:
    return HEAD + HINT * len(hint) + ROW * row


def _columns(graph: Graph, layout: Layout, hints: Sequence[Sequence[str]]) -> tuple[list[float], list[float]]:
    """Left edge and width of each layer."""
    widths = [0.0] * len(layout.layers)
    for node, lines, item in zip(graph.nodes, hints, layout.items, strict=False):
        texts = [text_width(plain(node.title, LONGEST)), *(0.9 * text_width(line) for line in lines)]
        texts += [text_width(plain(row.text, LONGEST)) + ROW_SIDE for row in node.rows]
        widths[item.layer] = max(widths[item.layer], round(max(texts) + 2 * SIDE))
    spans = [0.0] * len(widths)  # the tallest line that enters each layer
    for route in layout.routes:
        for start, end in pairwise(route):
            layer, span = layout.items[end[0]].layer, abs(layout.height(end) - layout.height(start))
            spans[layer] = max(spans[layer], span)
    lefts = [MARGIN]
    for span, width in zip(spans[1:], widths, strict=False):
        lefts.append(lefts[-1] + width + round(min(max(0.3 * span, NARROW), WIDE)))
    return lefts, widths


def _path(layout: Layout, edge: int, lefts: Sequence[float], widths: Sequence[float]) -> str:
    """A smooth line from the source's right edge over its lanes to the port."""
    route = layout.routes[edge]
    layer = layout.items[route[0][0]].layer
    x, y = lefts[layer] + widths[layer], MARGIN + layout.height(route[0])
    parts = [f"M{x:g} {y:g}"]
    for port in route[1:]:
        layer = layout.items[port[0]].layer
        end, low = lefts[layer], MARGIN + layout.height(port)
        bend = (end - x) / 2
        parts.append(f"C{x + bend:g} {y:g} {end - bend:g} {low:g} {end:g} {low:g}")
        x, y = end, low
        if layout.items[port[0]].lane:
            x = end + widths[layer]
            parts.append(f"H{x:g}")
    return f'<path d="{"".join(parts)}"/>'


def _colour(graph: Graph, edge: int) -> str:
    target, row = graph.edges[edge].target, graph.edges[edge].row
    if row is None:
        return "var(--muted)"
    return _variable(next(node for node in graph.nodes if node.id == target).rows[row].kind)


def _variable(kind: str) -> str:
    return f"var(--op-{kind if kind in FAMILIES else 'other'})"


def _card(node: Node, hint: Sequence[str], name: str, box: tuple[float, float, float, float]) -> str:
    x, y, width, height = box
    parts = [
        f'<g id="{escape(name)}" class="node"><rect class="card" x="{x:g}" y="{y:g}" width="{width:g}" '
        f'height="{height:g}" rx="7" style="fill:var(--card);stroke:var(--line);stroke-width:1.2"/>',
        _text(x + SIDE, y + 17.5, node.title, "fill:var(--ink);font-weight:600"),
    ]
    for k, line in enumerate(hint):
        parts.append(_text(x + SIDE, y + HEAD + HINT * k + 9, line, "fill:var(--muted);font-size:11.5px"))
    for k, row in enumerate(node.rows):
        top, colour = y + _row_top(k, hint), _variable(row.kind)
        parts.append(
            f'<rect x="{x + 1:g}" y="{top + 1.5:g}" width="{width - 6:g}" height="{ROW - 3:g}" rx="4" '
            f'style="fill:{colour};fill-opacity:.16"/>'
        )
        parts.append(_text(x + SIDE + ROW_SIDE, top + 17, row.text, "fill:var(--ink)"))
    return "".join(parts) + "</g>"


def _text(x: float, y: float, text: str, style: str) -> str:
    shown = plain(text, LONGEST)
    whole = f"<title>{escape(plain(text, 300))}</title>" if shown.endswith("…") else ""
    return f'<text x="{x:g}" y="{y:g}" style="{style}">{whole}{escape(shown)}</text>'
