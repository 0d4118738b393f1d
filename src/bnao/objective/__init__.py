"""What networks learn (a loss) and what they are judged by (a metric).

Names are imported when first used, so that ``bnao.objective.config`` needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bnao.lazy import imported_on_use

if TYPE_CHECKING:
    from bnao.objective.info import MetricInfo
    from bnao.objective.metrics import METRICS, Metric
    from bnao.objective.objective import CLASSIFICATION, Objective, make_objective

__all__ = ["CLASSIFICATION", "METRICS", "Metric", "MetricInfo", "Objective", "make_objective"]

__getattr__ = imported_on_use(
    __name__,
    {
        "CLASSIFICATION": "objective",
        "METRICS": "metrics",
        "Metric": "metrics",
        "MetricInfo": "info",
        "Objective": "objective",
        "make_objective": "objective",
    },
)
