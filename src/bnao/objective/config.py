"""Settings of the objective (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from bnao.errors import require, unknown_name

LOSSES = ("cross_entropy", "binary_cross_entropy", "mse", "l1", "own")
METRIC_NAMES = ("accuracy", "error", "auroc", "f1", "mse", "mae", "r2", "own")
OWN = "own"
"""The name of a loss or metric that was given as a Python function: such a run is resumed from Python, with it."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """What every training minimises, and what networks are chosen and reported by.

    ``cross_entropy``: integer classes; ``binary_cross_entropy``: several labels at once, targets 0 or 1 in the shape of
    the outputs (logits); ``mse``, ``l1``: numbers. ``class_weights``: one factor for each class of the loss; with
    ``binary_cross_entropy`` one for each label's positive examples (torch's ``pos_weight``). Higher is better for
    accuracy, auroc, f1 and r2, lower for error, mse and mae.
    """

    loss: str = "cross_entropy"  # cross_entropy, binary_cross_entropy, mse, l1
    metric: str = "accuracy"  # accuracy, error, auroc, f1, mse, mae, r2
    class_weights: tuple[float, ...] | None = None  # factors of the classes in the loss; None: all 1

    def __post_init__(self) -> None:
        for kind, value, known in (("loss", self.loss, LOSSES), ("metric", self.metric, METRIC_NAMES)):
            if value not in known:
                raise unknown_name(kind, value, known[:-1])
        if self.class_weights is not None:
            require(
                any(self.class_weights) and all(isfinite(w) and w >= 0 for w in self.class_weights),
                "class_weights are numbers that are not negative, not all of them 0, one for each class",
                self.class_weights,
                "give for example (1.0, 2.5)",
            )
            require(
                self.loss in ("cross_entropy", "binary_cross_entropy"),
                "class_weights need the loss cross_entropy or binary_cross_entropy",
                self.loss,
                "leave class_weights out, or weight within your own loss",
            )
