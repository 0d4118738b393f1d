"""The loss that trainings minimise and the metric that networks are judged by, made from settings or functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bnao.errors import SettingError
from bnao.objective.config import OWN, ObjectiveConfig
from bnao.objective.metrics import ACCURACY, METRICS, Metric, same_shape

Loss = Callable[[Tensor, Tensor], Tensor]
"""(outputs, targets) of a batch to the mean loss, a scalar with gradients."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Objective:
    """``loss`` of a batch and the ``metric``. Without a ``loss`` it is cross entropy of integer classes.

    Only then (``is_classes``) may labels be smoothed, auxiliary heads and teachers be used, data be divided by class.
    """

    metric: Metric
    loss: Loss | None = None
    class_weights: Tensor | None = None  # of cross entropy

    @property
    def is_classes(self) -> bool:
        """Whether cross entropy of integer classes is learned."""
        return self.loss is None

    def training_loss(self, outputs: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """The loss of a batch; ``targets`` may be (B, K) probabilities of a teacher where ``is_classes``."""
        if self.loss is not None:
            return self.loss(outputs, targets)
        weights = None if self.class_weights is None else self.class_weights.to(outputs.device)
        if weights is not None and self._counts_nothing(targets, weights):
            return (outputs * 0.0).sum()
        if targets.is_floating_point():
            return _soft_cross_entropy(outputs, targets, weights)
        return F.cross_entropy(outputs, targets.long(), weight=weights, label_smoothing=smoothing)

    def _counts_nothing(self, targets: Tensor, weights: Tensor) -> bool:
        """Whether a batch has only classes of weight 0, whose mean would be none."""
        if self.class_weights is None or bool(self.class_weights.all()):  # on the CPU: nothing waits for a GPU
            return False
        counted = targets * weights if targets.is_floating_point() else weights[targets.long().clamp(min=0)]
        return not bool(counted.any())


def _soft_cross_entropy(outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """Cross entropy of probabilities (B, K) as of labels drawn from them: divided by the sum of weights, not by B.

    Classes of probability 0 count nothing, also where an output rules them out.
    """
    share = targets if weights is None else targets * weights
    logs = F.log_softmax(outputs, dim=1).masked_fill(targets == 0, 0.0)
    return -(share * logs).sum() / share.sum()


def make_objective(config: ObjectiveConfig, loss: Loss | None = None, metric: Metric | None = None) -> Objective:
    """The objective of the settings. ``loss`` and ``metric`` are the functions that the name ``own`` stands for.

    Raises SettingError where ``own`` is named and no function given.

    >>> make_objective(ObjectiveConfig()).metric.name
    'accuracy'
    """
    for name, chosen, given in (("loss", config.loss, loss), ("metric", config.metric, metric)):
        if chosen == OWN and given is None:
            raise SettingError(
                f"the {name} of this run is a function of the user's own, which no file holds: go on from Python, and "
                f"give {name}= again"
            )
    weights = None if config.class_weights is None else torch.tensor(config.class_weights, dtype=torch.float32)
    return Objective(
        loss=loss if config.loss == OWN else _loss(config.loss, weights),
        metric=metric if metric is not None and config.metric == OWN else METRICS.get(config.metric),
        class_weights=weights,
    )


def _loss(name: str, weights: Tensor | None) -> Loss | None:
    if name == "cross_entropy":
        return None
    if name == "binary_cross_entropy":
        return lambda y, t: F.binary_cross_entropy_with_logits(
            same_shape(y, t), t.to(y.dtype), pos_weight=None if weights is None else weights.to(y.device)
        )
    if name == "mse":
        return lambda y, t: F.mse_loss(same_shape(y, t), t.to(y.dtype))
    assert name == "l1", "the settings know these names"
    return lambda y, t: F.l1_loss(same_shape(y, t), t.to(y.dtype))


CLASSIFICATION = Objective(metric=ACCURACY)
"""Cross entropy and accuracy: the paper's."""
