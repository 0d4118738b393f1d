"""The plots of the page: plain numbers in, one inline SVG each out, "" where there is nothing to draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from bnao.objective.info import ACCURACY, MetricInfo
from bnao.report.metric_words import axis_text, value_text
from bnao.report.web.figure import (
    ACCENT,
    INK,
    MUTED,
    axis_format,
    captions,
    key,
    legend,
    look,
    plain,
    render,
    ring,
    scatter,
    thin,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SCORE = "score (higher is better)"
_LOG_FACTOR = 8
_GROUPS = ("searched", "random", "final", "supernet")  # their colours, in every plot
_NAMED_CURVES = 8
_MOST_CURVES, _MOST_CURVE_POINTS = 150, 3000
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.2, 1.4)), (0, (5, 1.4, 1.2, 1.4)))


@dataclass(frozen=True)
class SizeScore:
    """A scored architecture; ``top`` ones were trained alone."""

    num_params: int
    score: float
    round: int
    top: bool


@dataclass(frozen=True)
class Curve:
    """A learning curve: (epoch, figure) pairs; curves of one group share a colour."""

    label: str
    values: list[tuple[float, float]] = field(default_factory=list)
    group: str = ""


def size_score(points: Sequence[SizeScore], prefix: str) -> str:
    """Score against size, by the round that brought the architecture."""
    points = [p for p in points if math.isfinite(p.score)]
    if not points:
        return ""
    sizes = [p.num_params for p in points]
    rounds = sorted({p.round for p in points})
    top = thin([p for p in points if p.top], 200)

    def paint(axes: Axes) -> None:
        if min(sizes) > 0 and max(sizes) > _LOG_FACTOR * min(sizes):
            _logarithmic(axes, min(sizes), max(sizes))
        entries = []
        for index, number in enumerate(rounds):
            members = [p for p in points if p.round == number]
            marker = scatter(axes, [p.num_params for p in members], [p.score for p in members], index, len(points))
            entries.append((f"round {number}", key(look(index)[0], marker)))
        if top:
            ring(axes, [p.num_params for p in top], [p.score for p in top])
            entries.append(("trained alone", key(ACCENT, "o", hollow=True)))
        axes.set(xlabel="parameters", ylabel=_SCORE)
        axis_format(axes.xaxis, "size")
        legend(axes, entries)

    return render(paint, prefix, f"Score against number of parameters of {_networks(len(points))}")


def _logarithmic(axes: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

    axes.set_xscale("log")
    decades = math.log10(high / low)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2 else (1, 3) if decades < 3.5 else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def predictor(points: Sequence[tuple[float, float, str]], prefix: str) -> str:
    """Score against the controller's prediction; points are (predicted, score, group)."""
    points = [p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])]
    if not points:
        return ""
    groups = list(dict.fromkeys(group for _, _, group in points))

    def paint(axes: Axes) -> None:
        entries = []
        for index, group in enumerate(groups):
            members = [p for p in points if p[2] == group]
            marker = scatter(axes, [p[0] for p in members], [p[1] for p in members], index, len(points))
            entries.append((group, key(look(index)[0], marker)))
        axes.set(xlabel="predicted", ylabel=_SCORE)
        axes.locator_params(axis="x", nbins=7)
        legend(axes, entries)

    return render(paint, prefix, f"Score against the controller's prediction for {_networks(len(points))}")


def pool_rounds(groups: Sequence[tuple[str, Sequence[float]]], prefix: str) -> str:
    """The scores of each group: the middle half as a box, every score as a point, the best one ringed."""
    groups = [(name, found) for name, values in groups if (found := _finite(values))]
    if not groups:
        return ""
    total = sum(len(values) for _, values in groups)

    def paint(axes: Axes) -> None:
        for row, (_, values) in enumerate(groups):
            heights = [row + _jitter(index, 0.25) for index in range(len(values))]
            scatter(axes, values, heights, row, total)
            if len(values) > 3:
                _box(axes, values, row)
            best = max(range(len(values)), key=values.__getitem__)
            ring(axes, [values[best]], [heights[best]])
        captions(axes, "y", [(plain(name, 24), _networks(len(values))) for name, values in groups])
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(_SCORE)
        axes.locator_params(axis="x", nbins=7)
        entries = [("best", key(ACCENT, "o", hollow=True))]
        if any(len(values) > 3 for _, values in groups):
            entries.append(("box: the middle half, with the median", key(INK, line="-")))
        legend(axes, entries)

    height = max(2.0, 1.0 + (0.75 if len(groups) < 7 else 0.5) * len(groups))
    return render(paint, prefix, "Scores of the pool by the round that brought its members", height)


def _box(axes: Axes, values: Sequence[float], row: float) -> None:
    low, middle, high = quantiles(values, n=4, method="inclusive")
    reach = [v for v in values if low - 1.5 * (high - low) <= v <= high + 1.5 * (high - low)]
    above, below = row - 0.31, row + 0.31
    line: dict[str, Any] = {"color": INK, "solid_capstyle": "butt", "zorder": 4}
    axes.plot([low, low, high, high, low], [above, below, below, above, above], linewidth=1.1, **line)
    axes.plot([middle, middle], [above, below], linewidth=2.4, **line)
    for start, end in ((min(reach, default=low), low), (high, max(reach, default=high))):
        axes.plot([start, end], [row, row], linewidth=1.1, **line)


def curves(series: Sequence[Curve], prefix: str, what: str, *, is_share: bool = False) -> str:
    """Learning curves of ``what``; a curve of one epoch is a marker."""
    kept = [(c, sorted(v for v in c.values if math.isfinite(v[0]) and math.isfinite(v[1]))) for c in series]
    kept = thin([(c, values) for c, values in kept if values], _MOST_CURVES)
    if not kept:
        return ""
    groups = list(dict.fromkeys(c.group for c, _ in kept))
    others = [group for group in groups if group not in _GROUPS]
    named = len(kept) <= _NAMED_CURVES
    limit = max(2, _MOST_CURVE_POINTS // len(kept))

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        by_label: list[tuple[Curve, Any]] = []
        by_group: dict[str, Any] = {}
        for curve, values in kept:
            own = (*_GROUPS, *others).index(curve.group)
            colour, marker = look(own)
            rank = sum(other.group == curve.group for other, _ in by_label)
            one = len(values) == 1
            line = _DASHES[(rank if named else 0) % len(_DASHES)]
            marker = marker if one or (len(values) <= 12 and len(kept) <= 30) else ""
            xs, ys = zip(*thin(values, limit), strict=True)
            axes.plot(
                xs, ys, color=colour, linestyle="" if one else line, marker=marker, markersize=6 if one else 4,
                markeredgewidth=0, linewidth=1.8 if named else 1.1, alpha=1.0 if named else 0.7,
            )  # fmt: skip
            by_label.append((curve, key(colour, marker, "" if one else line)))
            by_group.setdefault(curve.group, key(colour, marker, "" if one else "-"))
        axes.set(xlabel="epoch", ylabel=what)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
        if is_share:
            axis_format(axes.yaxis, "percent")
        legend(axes, [(curve.label, k) for curve, k in by_label] if named else list(by_group.items()))

    return render(paint, prefix, f"Learning curves, {what} by epoch: {', '.join(groups)}")


def best_of(
    values_searched: Sequence[float],
    values_random: Sequence[float],
    expected: tuple[int, float, float, float] | None,
    prefix: str,
    metric: MetricInfo = ACCURACY,
) -> str:
    """The metric of the networks trained alone, and the expected best of m: (m, estimate, low, high), 90 % interval."""
    found = [("searched", _finite(values_searched), 0), ("random", _finite(values_random), 1)]
    columns = [column for column in found if column[1]]
    if expected is not None and not all(map(math.isfinite, expected)):
        expected = None
    if not columns and expected is None:
        return ""

    def paint(axes: Axes) -> None:
        lines: list[tuple[str, ...]] = []
        for place, (name, values, index) in enumerate(columns):
            places = [place + (_jitter(i, 0.22) if len(values) > 1 else 0.0) for i in range(len(values))]
            scatter(axes, places, values, index, sum(len(column[1]) for column in columns))
            goods = [metric.utility(value) for value in values]
            best = max(range(len(values)), key=goods.__getitem__)
            ring(axes, [places[best]], [values[best]], 80)
            _value(axes, places[best], values[best], f"best {value_text(values[best], metric)}", (0, 8))
            lines.append((name, _networks(len(values))))
        if expected is not None:
            m, estimate, low, high = expected
            at, (colour, marker) = [len(columns)], look(1)
            axes.plot(at * 2, [low, high], color=MUTED, linewidth=1.8, marker="_", markersize=13, markeredgewidth=1.8)
            axes.scatter(at, [estimate], s=64, c=colour, marker=marker, linewidths=0, zorder=4)
            _value(axes, len(columns), estimate, value_text(estimate, metric), (10, 0))
            lines.append(("expected best", f"of {m:,} random", "90 % interval"))
        captions(axes, "x", lines)
        axes.set_xlim(-0.5, len(lines) - 0.45)
        axes.margins(y=0.14)
        axes.set_ylabel(axis_text("validation", metric))
        if metric.is_share:
            axis_format(axes.yaxis, "percent")

    what = "accuracies" if metric.name == "accuracy" else metric.name
    return render(paint, prefix, f"Validation {what} of the searched and the random networks trained alone")


def _value(axes: Axes, x: float, y: float, text: str, offset: tuple[float, float]) -> None:
    across, vertical = ("left", "center_baseline") if offset[0] else ("center", "bottom")
    axes.annotate(text, (x, y), offset, textcoords="offset points", ha=across, va=vertical, color=INK)


def _networks(number: int) -> str:
    return f"{number:,} network" + ("" if number == 1 else "s")


def _finite(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _jitter(index: int, width: float) -> float:
    return width * (2 * ((index + 1) * 0.6180339887498949 % 1.0) - 1)
