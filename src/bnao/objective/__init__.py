"""What networks learn (a loss) and what they are judged by (a metric).

Names are imported when first used, so that ``bnao.objective.config`` needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnao.objective.info import MetricInfo
    from bnao.objective.metrics import METRICS, Metric
    from bnao.objective.objective import CLASSIFICATION, Objective, make_objective

_HOME = {
    "CLASSIFICATION": "objective",
    "METRICS": "metrics",
    "Metric": "metrics",
    "MetricInfo": "info",
    "Objective": "objective",
    "make_objective": "objective",
}

__all__ = ["CLASSIFICATION", "METRICS", "Metric", "MetricInfo", "Objective", "make_objective"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bnao.objective' has no attribute {name!r}")
    return getattr(import_module(f"bnao.objective.{_HOME[name]}"), name)
