"""The curves as an SVG: incumbents' mean test accuracy by query, with intervals; equal figures give equal pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def draw(found: dict[str, Any], path: Path) -> None:
    """Left: the incumbents' mean test accuracy, 95 % interval. Right: share of runs whose incumbent is good."""
    plt.rcParams["svg.hashsalt"] = "bnao"
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
    for name, figures in found.items():
        curve = figures["curve"]
        style = "-" if name in ("nao", "random", "evolution", "tpe") else ":"
        (line,) = left.plot(curve["queries"], [100 * y for y in curve["test_accuracy"]], style, label=name)
        if style == "-":
            band = ([100 * y for y in curve[side]] for side in ("low", "high"))
            left.fill_between(curve["queries"], *band, color=line.get_color(), alpha=0.15, linewidth=0)
        right.plot(curve["queries"], [100 * y for y in curve["share_in_top_permille"]], style, color=line.get_color())
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlabel("queries (distinct cells)")
        axes.grid(alpha=0.3)
    left.set_ylim(91.5, 94.45)
    left.axhline(94.18, color="grey", linewidth=0.8)
    left.set_ylabel("test accuracy of the incumbent, % (mean)")
    right.set_ylabel("runs with an incumbent of at least 94.18 %, %")
    left.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
