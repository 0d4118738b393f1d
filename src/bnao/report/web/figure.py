"""A matplotlib figure as an inline SVG that takes its colours and its font from the page around it.

Colours are drawn as placeholders and become the page's CSS variables in the SVG, so that one drawing serves light and
dark pages. Text stays text. matplotlib is imported when something is drawn, and its global settings are never changed.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from xml.etree import ElementTree

from bnao.report.format import count, magnitude

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_T = TypeVar("_T")

INK, MUTED, LINE, ACCENT = "#fe0101", "#fe0102", "#fe0103", "#fe0104"
SERIES = ("#fe0201", "#fe0202", "#fe0203", "#fe0204", "#fe0205", "#fe0206")
VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", ACCENT: "--accent"} | {
    colour: f"--c{number}" for number, colour in enumerate(SERIES, 1)
}
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
WIDTH, HEIGHT = 5.6, 3.4
MANY = 300  # more points than this are drawn as one path of dots for a batch of them: a tenth of the bytes
_MOST = 3000  # of still more points an even selection is drawn
_BATCHES = 24

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "bnao", "text.parse_math": False,
    "font.size": 10.5, "axes.labelsize": 11, "legend.fontsize": 10.5,
    "text.color": INK, "axes.labelcolor": INK, "xtick.labelcolor": MUTED, "ytick.labelcolor": MUTED,
    "xtick.color": LINE, "ytick.color": LINE, "axes.edgecolor": LINE, "grid.color": LINE,
    "grid.linewidth": 0.6, "axes.linewidth": 0.9, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.xmargin": 0.04, "axes.ymargin": 0.07,
    "axes.formatter.useoffset": False, "axes.formatter.limits": (-4, 6),
    "figure.constrained_layout.h_pad": 0.05, "figure.constrained_layout.w_pad": 0.05,
}  # fmt: skip


_NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""Characters that XML has no place for."""


def render(paint: Callable[[Axes], None], prefix: str, label: str, height: float = HEIGHT) -> str:
    """What ``paint`` draws on empty axes, as one SVG element; its ids begin with ``prefix``."""
    import matplotlib.style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    buffer = io.BytesIO()
    with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph ")  # a name in a script that the measuring font lacks
        figure = Figure(figsize=(WIDTH, height), dpi=FigureCanvasSVG.fixed_dpi, facecolor="none", edgecolor="none")
        canvas, layout = FigureCanvasSVG(figure), ConstrainedLayoutEngine()
        axes = figure.subplots()
        axes.grid(True)
        axes.tick_params(length=3, pad=4)
        axes.patch.set(facecolor="none", edgecolor="none")
        paint(axes)
        layout.execute(figure)  # alone: savefig would draw everything once before, to lay it out
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.print_svg(buffer, metadata=nothing)  # type: ignore[no-untyped-call]
    return _inline(buffer.getvalue(), prefix, label)


def _inline(svg: bytes, prefix: str, label: str) -> str:
    svg = _NO_XML.sub(b"", svg)  # a name may hold them
    root = ElementTree.fromstring(svg)  # drops the header and the comments
    text = svg.decode()
    referenced = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}style", "}metadata")):  # the style would hold for the whole page
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _attribute(value, prefix)
            for key, value in element.attrib.items()
            if key != "id" or value in referenced
        }
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        if "id" in element.attrib:
            element.set("id", prefix + element.attrib["id"])
        element.tail = None
        if element.tag != "text":
            element.text = None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "plot",
        "role": "img",
        "aria-label": plain(label, 300),
        "style": "stroke-linejoin: round; stroke-linecap: butt",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _attribute(value: str, prefix: str) -> str:
    value = re.sub(r"^#", f"#{prefix}", value)
    value = value.replace("url(#", f"url(#{prefix}")
    value = re.sub(r"#fe0[12]0\d", lambda found: f"var({VARIABLES[found[0]]})", value)
    value = re.sub(r"font-family: [^;]*; ?", "", value)  # the page's
    if value.startswith("M "):
        value = re.sub(r"M (\S+) (\S+)\s+L \1 \2\s*", r"M\1 \2h0", value)
        value = re.sub(r"-?\d+\.\d{2,}", lambda found: f"{float(found[0]):.2f}", value)
        value = re.sub(r"\s+", " ", value).strip()
    return value


def plain(text: str, limit: int = 40) -> str:
    """A name that fits: printable characters in one line, the end of a long one left out.

    >>> plain("a" * 50, 5), plain("two\\nlines")
    ('aaaa…', 'two lines')
    """
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def look(index: int) -> tuple[str, str]:
    """Colour and marker of a series; both change, for readers who cannot tell the colours apart."""
    return SERIES[index % len(SERIES)], MARKERS[index % len(MARKERS)]


def scatter(axes: Axes, xs: Sequence[float], ys: Sequence[float], index: int, total: int) -> str:
    """Points of the series ``index`` in a plot of ``total`` points; returns the marker they got."""
    colour, marker = look(index)
    if total <= MANY:
        axes.scatter(xs, ys, s=26, c=colour, marker=marker, alpha=0.8, linewidths=0)
        return marker
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points = thin(list(zip(xs, ys, strict=True)), max(2, _MOST * len(xs) // max(total, _MOST)))
    for first in range(min(_BATCHES, len(points))):  # interleaved, so that crowded places still look denser
        batch = points[first::_BATCHES]
        path = Path([point for point in batch for _ in "ML"], [Path.MOVETO, Path.LINETO] * len(batch))
        dots = PathPatch(path, edgecolor=colour, facecolor="none", linewidth=3.4, capstyle="round", alpha=0.6)
        axes.add_patch(dots)
    axes.autoscale_view()
    return "o"


def thin(items: list[_T], limit: int) -> list[_T]:
    """At most ``limit`` (two or more) of the items, evenly spaced, the first and the last among them.

    >>> thin(list(range(9)), 3), thin([1, 2], 3)
    ([0, 4, 8], [1, 2])
    """
    if len(items) <= limit:
        return items
    return [items[round(i * (len(items) - 1) / (limit - 1))] for i in range(limit)]


def ring(axes: Axes, xs: Sequence[float], ys: Sequence[float], size: float = 70) -> None:
    """Rings in the accent colour around points that matter."""
    axes.scatter(xs, ys, s=size, facecolors="none", edgecolors=ACCENT, linewidths=1.7, zorder=5)


def key(colour: str, marker: str = "", line: Any = "", *, hollow: bool = False) -> Any:
    """What stands before a name in the legend."""
    from matplotlib.lines import Line2D

    fill, size = ("none", 8.0) if hollow else (colour, 6.0)
    return Line2D(
        [], [], color=colour, marker=marker, linestyle=line, markersize=size, markerfacecolor=fill,
        markeredgecolor=colour, markeredgewidth=1.7 if hollow else 0.0, linewidth=1.8,
    )  # fmt: skip


def legend(axes: Axes, entries: Sequence[tuple[str, Any]]) -> None:
    """Names above the axes in as many columns as fit; the figure grows by the rows beyond the first."""
    from matplotlib.figure import Figure

    names = [plain(name) for name, _ in entries]
    columns = len(names)
    while columns > 1 and _legend_width(names, columns) > 72 * WIDTH - 12:
        columns -= 1
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    drawn = figure.legend(
        [handle for _, handle in entries], ["name"] * len(names), loc="outside upper left", ncols=columns,
        frameon=False, handlelength=1.5, handletextpad=0.5, columnspacing=1.2, borderpad=0.1, labelspacing=0.3,
    )  # fmt: skip
    for text, name in zip(drawn.get_texts(), names, strict=True):
        text.set_text(name)  # a label that begins with an underscore would be left out
    figure.set_figheight(figure.get_figheight() + 0.2 * (math.ceil(len(names) / columns) - 1))


def _legend_width(names: Sequence[str], columns: int) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=_STYLE["legend.fontsize"])
    lengths = [text_to_path.get_text_width_height_descent(name, font, ismath=False)[0] for name in names]
    rows, longer = divmod(len(names), columns)  # as matplotlib divides them: the first columns have one more
    ends = [rows * k + min(k, longer) for k in range(columns + 1)]
    return sum(max(lengths[first:end]) + 34 for first, end in pairwise(ends))


def captions(axes: Axes, axis: Literal["x", "y"], lines: Sequence[Sequence[str]]) -> None:
    """Categories at 0, 1, 2 … of an axis, each of a name and smaller lines below it.

    Every line is a text of its own: the alignment of a text of several lines holds for the measuring font only.
    """
    getattr(axes, f"set_{axis}ticks")(range(len(lines)), [""] * len(lines))
    axes.tick_params(axis=axis, length=0)
    axes.grid(False, axis=axis)
    for place, texts in enumerate(lines):
        for row, text in enumerate(texts):
            down = -7 - 14 * row if axis == "x" else 7 * (len(texts) - 1) - 14 * row
            axes.annotate(
                text, (place, 0) if axis == "x" else (0, place), (0, down) if axis == "x" else (-8, down),
                xycoords=("data", "axes fraction") if axis == "x" else ("axes fraction", "data"),
                textcoords="offset points", annotation_clip=False, color=MUTED if row else INK,
                ha="center" if axis == "x" else "right", va="top" if axis == "x" else "center",
            )  # fmt: skip


def axis_format(axis: Axis, kind: Literal["size", "percent"]) -> None:
    """Ticks of an axis as sizes (12.3 k) or as percentages, with the digits that tell them apart."""
    from matplotlib.ticker import FuncFormatter

    class Labels(FuncFormatter):
        def format_ticks(self, values: Any) -> list[str]:
            return size_labels(values) if kind == "size" else percent_labels(values)

    axis.set_major_formatter(Labels(lambda value, _: magnitude(value) if kind == "size" else f"{100 * value:g} %"))


def size_labels(values: Sequence[float]) -> list[str]:
    """Numbers of parameters at the ticks.

    >>> size_labels([100_000, 150_000]), size_labels([139_000, 139_020])
    (['100 k', '150 k'], ['139,000', '139,020'])
    """
    short = [re.sub(r"(\.\d*?)0+(?= |$)", r"\1", magnitude(value)).replace(". ", " ") for value in values]
    return short if len(set(short)) == len(short) else [count(value) for value in values]


def percent_labels(values: Sequence[float]) -> list[str]:
    """Fractions at the ticks.

    >>> percent_labels([0.4, 0.45]), percent_labels([0.4, 0.405])
    (['40 %', '45 %'], ['40.0 %', '40.5 %'])
    """
    digits = next((d for d in range(4) if all(abs(round(100 * v, d) - 100 * v) < 1e-6 for v in values)), 4)
    return [f"{100 * value:.{digits}f} %".replace("-", "−") for value in values]
