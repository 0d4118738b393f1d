"""An architecture as an SVG file that stands alone: white ground, colours and fonts written out."""

from __future__ import annotations

import re
import textwrap
from html import escape
from importlib.resources import files

from bnao.arch import Architecture
from bnao.report.web.graph_svg import graph_svg
from bnao.spaces.base import SearchSpace

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
MARGIN, TITLE, LINE = 16.0, 30.0, 18.0
NARROWEST = 420.0

_SIZE = re.compile(r'<svg xmlns="[^"]*" .*?width="([\d.]+)" height="([\d.]+)"', re.DOTALL)


def architecture_svg(space: SearchSpace, architecture: Architecture, title: str) -> str:
    """The architecture's graphs one below the other, or its text form where the space has no graph.

    ``title`` stands above. The same arguments give the same text.
    """
    graphs = space.graph(architecture)
    parts: list[str] = []
    y, width = MARGIN + TITLE + 8, NARROWEST
    for number, graph in enumerate(graphs):
        drawn = _resolved(graph_svg(graph, f"graph-{number}-"))
        size = _SIZE.match(drawn)
        assert size is not None, "a drawn graph says its size"
        parts.append(_text(y, escape(graph.title), "font-size:13px;font-weight:600"))
        parts.append(drawn.replace("<svg ", f'<svg x="{MARGIN:g}" y="{y + 8:g}" ', 1))
        y, width = y + 8 + float(size[2]) + 24, max(width, float(size[1]))
    if graphs:
        legend = f"Data flow from left to right. {space.legend}".rstrip()
        for line in textwrap.wrap(legend, int(width / 6.4)):
            parts.append(_text(y, escape(line), "font-size:12px;fill:#5c656e"))
            y += LINE
    else:
        lines = space.draw(architecture).splitlines()
        for line in lines:
            parts.append(_text(y, escape(line), f"font-size:13px;font-family:{MONO};white-space:pre"))
            y += LINE
        width = max(width, 8.0 * max(map(len, lines), default=0))
    full, height = width + 2 * MARGIN, y + MARGIN - LINE / 2
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full:g} {height:g}" width="{full:g}" '
        f'height="{height:g}" style="font-family:{FONT}">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{full:g}" height="{height:g}" style="fill:#ffffff"/>\n'
        + _text(MARGIN + 10, escape(title), "font-size:15px;font-weight:650")
        + "".join(f"\n{part}" for part in parts)
        + "\n</svg>\n"
    )


def _text(y: float, text: str, style: str) -> str:
    return f'<text x="{MARGIN:g}" y="{y:g}" xml:space="preserve" style="fill:#1c2024;{style}">{text}</text>'


def _resolved(svg: str) -> str:
    """The SVG with the page's variables replaced by their values in its light form."""
    css = files("bnao.report.web").joinpath("style.css").read_text(encoding="utf-8")
    values = dict(re.findall(r"--([\w-]+): ([^;]+);", css[: css.index("}")]))
    resolved = re.sub(r"var\(--([\w-]+)\)", lambda match: values[match[1]], svg)
    return resolved.replace("font-family:inherit", f"font-family:{FONT}")
