"""The plots of the ranking lab: plain numbers in, one inline SVG each out, "" where there is nothing to draw.

Colours and font are those of the page around them, light or dark (``web/figure.py``).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import TYPE_CHECKING

from bnao.objective.info import ACCURACY, MetricInfo
from bnao.ranking import Estimate
from bnao.report.format import magnitude
from bnao.report.metric_words import axis_text
from bnao.report.web.figure import ACCENT, MUTED, axis_format, key, legend, look, render, ring, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_GROUPS = 4
_LEVEL_DASHES = ((0, (5, 1.6)), (0, (1.2, 1.4)), (0, (5, 1.4, 1.2, 1.4)), (0, (2.5, 2.5)))


@dataclass(frozen=True)
class TauCurve:
    """Tau along training: (round or step, estimate) pairs; estimates that could not be given are left out."""

    label: str
    values: list[tuple[float, Estimate]] = field(default_factory=list)


def score_truth(
    scores: Sequence[float],
    truth: Sequence[float],
    sizes: Sequence[float],
    prefix: str,
    metric: MetricInfo = ACCURACY,
) -> str:
    """One-shot score against the metric when trained alone, the size as colour and shape; the best by score are ringed.

    Sizes come in up to four groups of about equally many architectures. ``prefix`` begins the ids of the SVG.
    """
    points = [point for point in zip(scores, truth, sizes, strict=True) if all(math.isfinite(value) for value in point)]
    if not points:
        return ""
    groups = size_groups([size for _, _, size in points])
    first = max(score for score, _, _ in points)
    best = [point for point in points if point[0] == first]  # equal scores are no order

    def paint(axes: Axes) -> None:
        entries = []
        for index, (label, members) in enumerate(groups):
            chosen = [points[k] for k in members]
            marker = scatter(axes, [p[1] for p in chosen], [p[0] for p in chosen], index, len(points))
            entries.append((label, key(look(index)[0], marker)))
        ring(axes, [p[1] for p in best], [p[0] for p in best])
        entries.append(("best score", key(ACCENT, "o", hollow=True)))
        axes.set(xlabel=axis_text("stand-alone", metric), ylabel="one-shot score")
        axes.locator_params(axis="x", nbins=7)
        if metric.is_share:
            axis_format(axes.xaxis, "percent")
        if not metric.higher_is_better:
            axes.invert_xaxis()  # the better to the right, for every metric
        legend(axes, entries)

    many = "network" if len(points) == 1 else "networks"
    return render(paint, prefix, f"One-shot score against stand-alone {metric.name} of {len(points):,} {many}, by size")


def size_groups(sizes: Sequence[float]) -> list[tuple[str, list[int]]]:
    """Up to four groups by size, smallest first: the name of each, and which of the sizes it holds.

    >>> size_groups([100, 2000, 100, 5000])
    [('100', [0, 2]), ('2.00 k', [1]), ('5.00 k', [3])]
    """
    different = sorted(set(sizes))
    if len(different) <= SIZE_GROUPS:
        edges = different[1:]
    else:
        edges = sorted(set(quantiles(sizes, n=SIZE_GROUPS, method="inclusive")))
    members: dict[int, list[int]] = {}
    for index, size in enumerate(sizes):
        members.setdefault(bisect_right(edges, size), []).append(index)
    return [(_span([sizes[k] for k in members[group]]), members[group]) for group in sorted(members)]


def _span(sizes: Sequence[float]) -> str:
    low, high = magnitude(min(sizes)), magnitude(max(sizes))
    return low if low == high else f"{low} – {high}"


def tau_curve(
    curves: Sequence[TauCurve],
    prefix: str,
    *,
    xlabel: str = "round",
    levels: Sequence[tuple[str, float]] = (),
    metric: str = "accuracy",
) -> str:
    """Kendall's tau along training with its intervals; ``levels`` are named lines across, such as size alone."""
    kept = [(curve.label, sorted(_given(curve))) for curve in curves]
    kept = [(label, values) for label, values in kept if values]
    levels = [(name, value) for name, value in levels if math.isfinite(value)]
    if not kept:
        return ""
    rows = sorted({x for _, values in kept for x, *_ in values})
    apart = 0.012 * ((rows[-1] - rows[0]) or 1.0)  # so that intervals at one place can be told apart

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        entries = []
        for index, (label, values) in enumerate(kept):
            colour, marker = look(index)
            shift = apart * (index - (len(kept) - 1) / 2)
            xs = [x + shift for x, *_ in values]
            for x, (_, _, low, high) in zip(xs, values, strict=True):
                axes.plot([x, x], [low, high], color=colour, linewidth=1.4, marker="_", markersize=7, alpha=0.75)
            axes.plot(
                xs, [tau for _, tau, _, _ in values], color=colour, linewidth=1.8, marker=marker, markersize=6,
                markeredgewidth=0,
            )  # fmt: skip
            entries.append((label, key(colour, marker, "-")))
        for index, (name, value) in enumerate(levels):
            dashes = _LEVEL_DASHES[index % len(_LEVEL_DASHES)]
            axes.axhline(value, color=MUTED, linewidth=1.3, linestyle=dashes, zorder=1)
            entries.append((name, key(MUTED, "", dashes)))
        axes.set(xlabel=xlabel, ylabel="Kendall's tau")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
        legend(axes, entries)

    names = ", ".join(label for label, _ in kept)
    return render(paint, prefix, f"Kendall's tau with the stand-alone {metric} by {xlabel}: {names}")


def _given(curve: TauCurve) -> list[tuple[float, float, float, float]]:
    return [
        (float(x), found.value, found.low, found.high)
        for x, found in curve.values
        if math.isfinite(x) and found.value is not None and found.low is not None and found.high is not None
    ]
