"""What a metric is called and how its values are read, as plain data (imports no torch)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bnao.objective.metrics import Metric


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """What the figures called ``..._metric`` are; ``is_share``: in [0, 1], shown in percent."""

    name: str = "accuracy"
    higher_is_better: bool = True
    is_share: bool = True

    def utility(self, value: float) -> float:
        """The value as something of which more is better: itself, or its negative; its own inverse."""
        return value if self.higher_is_better else -value

    def best(self, values: Iterable[float]) -> float:
        """The best of the values that are defined; NaN where none is.

        >>> MetricInfo().best([0.5, math.nan, 0.7])
        0.7
        """
        return max((value for value in values if not math.isnan(value)), key=self.utility, default=math.nan)


ACCURACY = MetricInfo()


def metric_info(metric: Metric) -> MetricInfo:
    """The metric's name and direction as plain values."""
    return MetricInfo(name=metric.name, higher_is_better=metric.higher_is_better, is_share=metric.is_share)
