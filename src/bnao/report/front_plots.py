"""Plots of quality against cost with the front: plain numbers in, one inline SVG each out, "" where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bnao.loop.front import Front, FrontPoint
from bnao.report.web.figure import ACCENT, axis_format, key, legend, look, render, ring, scatter, thin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RINGED = 200


def front_plot(front: Front, prefix: str, *, ringed: frozenset[str] = frozenset()) -> str:
    """Every point by its arm (of a pool: all alike), the front as a staircase; ``ringed`` ids were trained alone.

    The staircase says what quality a budget buys: from each of the front's points to the right until the next.
    """
    everything = [*front.points, *front.others]
    if not everything:
        return ""
    arms = [arm for arm in ("searched", "random", "") if any(p.arm == arm for p in everything)]

    def paint(axes: Axes) -> None:
        entries = []
        for arm in arms:
            members, index = [p for p in everything if p.arm == arm], int(arm == "random")
            marker = scatter(axes, *_places(members), index, len(everything))
            entries.append((arm or "scored", key(look(index)[0], marker)))
        marked = thin([p for p in everything if p.id in ringed], RINGED)
        if marked:
            ring(axes, *_places(marked))
            entries.append(("trained alone", key(ACCENT, "o", hollow=True)))
        xs, ys = _places(front.points)
        right = max(p.cost for p in everything)
        axes.plot([*xs, right], [*ys, ys[-1]], color=ACCENT, linewidth=1.8, drawstyle="steps-post", zorder=4, marker="")
        entries.append(("front", key(ACCENT, line="-")))
        axes.set(xlabel=front.cost, ylabel=front.quality + ("" if front.higher_is_better else " (lower is better)"))
        if front.cost.startswith("latency"):
            axes.locator_params(axis="x", nbins=7)
        else:
            axis_format(axes.xaxis, "size")
        if front.is_share:
            axis_format(axes.yaxis, "percent")
        legend(axes, entries)

    networks = f"{len(everything):,} network{'s' * (len(everything) != 1)}"
    return render(paint, prefix, f"{front.quality} against {front.cost} of {networks}, with the front")


def _places(points: Sequence[FrontPoint]) -> tuple[list[float], list[float]]:
    return [p.cost for p in points], [p.quality for p in points]
