"""Which architectures are good enough: those within a tolerance of the best. Shapes: P architectures.

A share (an accuracy) has a natural one, :data:`TOLERANCE`. A metric in units of its own has none, so the tolerance is
:data:`SPREAD` of the interquartile range of the sample's truth: scale-free, and fixed by the whole sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.objective.info import MetricInfo

TOLERANCE = 0.005
"""Accuracy that one gives up gladly: half a percentage point, about the noise of one training."""
SPREAD = 0.25
"""Share of the interquartile range that one gives up gladly where the metric is no share: of 40 networks with normally
distributed truth the best is ahead of the second by about as much."""


@dataclass(frozen=True)
class Good:
    """``tolerance`` in the metric's units, and the rule in words."""

    tolerance: float
    text: str


SHARES = Good(TOLERANCE, f"within {100 * TOLERANCE:g} percentage points of the best")


def good_enough(metric: MetricInfo, truth_P: NDArray[np.float64]) -> Good:
    """What is good among networks of this truth.

    >>> good_enough(MetricInfo(name="mse", is_share=False), np.arange(5.0)).text
    'within 0.5 (a quarter of the interquartile range) of the best'
    """
    if metric.is_share:
        return SHARES
    low, high = np.quantile(truth_P, [0.25, 0.75])
    tolerance = SPREAD * float(high - low)
    return Good(tolerance, f"within {tolerance:.3g} (a quarter of the interquartile range) of the best")
