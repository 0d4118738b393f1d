"""Whether stand-alone accuracies differ by more than the chance of the images they are measured on."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev

from bnao.objective.info import ACCURACY, MetricInfo

MOST = 0.5
"""Share of the truth's variance that the chance of the examples may make without a word."""


def little_spread(values: Sequence[float], metric: MetricInfo, num: int, examples: str) -> str:
    """What to say of accuracies on ``num`` examples that spread little more than chance would; empty where they do.

    The chance is that of examples drawn anew for each network (binomial). All see the same ones, which makes less of
    it where networks err alike: so it says that chance *may* make so much. Of other metrics nothing is known.
    """
    if metric != ACCURACY or len(values) < 2:
        return ""
    chance = mean(value * (1 - value) / num for value in values)
    spread = stdev(values)
    if chance <= MOST * spread**2:
        return ""
    return (
        f"the networks trained alone differ by little more than chance: their accuracies have a standard deviation of "
        f"{100 * spread:.1f} points, and {num:,} {examples} a standard error of {100 * chance**0.5:.1f}. Even a "
        "true ranking would hardly show: train longer alone (rerank.training.epochs of a new search), or measure "
        f"on more {examples}"
    )
