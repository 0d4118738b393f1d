"""What networks are judged by.

Shapes: N examples, K classes or labels. ``outputs`` are a network's raw outputs (logits) for N examples, ``targets``
what should come out: whole numbers (N, ...) for outputs (N, K, ...) are classes; all else are labels or numbers, of the
outputs' shape but for dimensions of 1. A metric that is a mean over examples is measured batch by batch; one of the
whole set needs all outputs at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from bnao.errors import SettingError
from bnao.objective.info import MetricInfo
from bnao.registry import Registry

Each = Callable[[Tensor, Tensor], Tensor]
Whole = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True, eq=False, kw_only=True)
class Metric(MetricInfo):
    """``each(outputs, targets)`` gives (N,) values whose mean is the metric; else ``whole`` gives its one value."""

    is_share: bool = False
    each: Each | None = None
    whole: Whole | None = None

    def of(self, outputs: Tensor, targets: Tensor) -> float:
        """The value on N examples; NaN where it is not defined (the AUROC of one class)."""
        if self.each is not None:
            return float(self.each(outputs, targets).double().mean())
        assert self.whole is not None, "a metric has one of the two"
        return float(self.whole(outputs, targets))


def decided(outputs_NK: Tensor) -> Tensor:
    """(N, ...): whether each example's outputs (N, K, ...) name a class: the largest of them is a finite number.

    torch gives an index of NaN too. A class may have minus infinity: it is then ruled out.

    >>> decided(torch.tensor([[0.0, 1.0], [0.0, float("nan")], [0.0, float("inf")], [0.0, float("-inf")]])).tolist()
    [True, False, False, True]
    """
    return outputs_NK.amax(1).isfinite()


def same_shape(outputs: Tensor, targets: Tensor) -> Tensor:
    """The outputs in the targets' shape: dimensions of 1 may be left out. Raises SettingError for other differences.

    >>> same_shape(torch.zeros(5, 1), torch.zeros(5)).shape
    torch.Size([5])
    """
    if outputs.shape == targets.shape:
        return outputs
    inner = [[side for side in tensor.shape[1:] if side != 1] for tensor in (outputs, targets)]
    if outputs.dim() and targets.dim() and len(outputs) == len(targets) and inner[0] == inner[1]:
        return outputs.reshape(targets.shape)
    raise SettingError(
        f"outputs and targets that are no classes have one shape; received {tuple(outputs.shape)} and "
        f"{tuple(targets.shape)}: bring the network's last layer and the targets to one shape"
    )


def are_classes(outputs: Tensor, targets: Tensor) -> bool:
    """Whether targets are numbers of classes, not labels (0 or 1) or numbers of the outputs' shape."""
    return not (targets.is_floating_point() or targets.dtype == torch.bool or targets.numel() == outputs.numel())


def right(outputs: Tensor, targets: Tensor) -> Tensor:
    """(N,) shares in [0, 1] of right decisions of each example.

    Classes against the largest of the outputs; labels, 0 or 1, against the outputs' signs. What is no decision (NaN;
    classes of which none is the largest, :func:`decided`) is wrong.
    """
    if not are_classes(outputs, targets):
        outputs = same_shape(outputs, targets)
        hits = ((outputs > 0) == (targets > 0.5)) & ~outputs.isnan()
    else:
        hits = (outputs.argmax(1) == targets) & decided(outputs)
    return hits.reshape(len(hits), -1).double().mean(1)


def auroc(outputs: Tensor, targets: Tensor) -> float:
    """Area under the ROC curve: the mean over classes (one against the rest) or labels; ties count half.

    Classes or labels of which the examples hold none or nothing else are left out; NaN if all are, or if an output is.
    """
    scores_NK, truth_NK = _one_column_per_label(outputs, targets)
    if np.isnan(scores_NK).any():
        return float("nan")
    areas = [_area(scores_NK[:, k], truth_NK[:, k]) for k in range(truth_NK.shape[1])]
    known = [area for area in areas if area == area]
    return float(np.mean(known)) if known else float("nan")


def f1(outputs: Tensor, targets: Tensor) -> float:
    """F1, the mean over classes or labels (macro); a class that neither stands nor is predicted is left out."""
    scores_NK, truth_NK = _one_column_per_label(outputs, targets)
    if not are_classes(outputs, targets):
        said_NK = scores_NK > 0
    else:
        said_NK = np.zeros_like(truth_NK)
        said_NK[np.arange(len(scores_NK)), scores_NK.argmax(1)] = True
        said_NK[np.isnan(scores_NK).any(1)] = False  # no decision
    both, either = (said_NK & truth_NK).sum(0), said_NK.sum(0) + truth_NK.sum(0)
    known = either > 0
    return float((2 * both[known] / either[known]).mean()) if known.any() else float("nan")


def r2(outputs: Tensor, targets: Tensor) -> float:
    """Explained share of the variance, 1 - residual / total sum of squares; the mean over columns."""
    y, t = _numbers(outputs), _like(outputs, targets)
    rest, total = ((y - t) ** 2).sum(0), ((t - t.mean(0)) ** 2).sum(0)
    return float((1 - rest / total)[total > 0].mean()) if (total > 0).any() else float("nan")


def _one_column_per_label(outputs: Tensor, targets: Tensor) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores and truth as (N, K); dimensions behind the classes (pixels) become examples."""
    if not are_classes(outputs, targets):
        scores, truth = same_shape(outputs, targets).reshape(len(targets), -1), targets.reshape(len(targets), -1)
        return scores.double().cpu().numpy(), (truth > 0.5).cpu().numpy()
    num_classes = outputs.shape[1]
    scores = outputs.movedim(1, -1).reshape(-1, num_classes).double().softmax(1)
    truth = torch.nn.functional.one_hot(targets.reshape(-1).long(), num_classes).bool()
    return scores.cpu().numpy(), truth.cpu().numpy()


def _area(scores_N: NDArray[np.float64], truth_N: NDArray[np.bool_]) -> float:
    """By the rank sum of the positives."""
    positives = int(truth_N.sum())
    negatives = len(truth_N) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = float(rankdata(scores_N)[truth_N].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def _numbers(outputs: Tensor) -> Tensor:
    return outputs.reshape(len(outputs), -1).double()


def _like(outputs: Tensor, targets: Tensor) -> Tensor:
    same_shape(outputs, targets)
    return targets.reshape(len(outputs), -1).double()


def _squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return ((_numbers(outputs) - _like(outputs, targets)) ** 2).mean(1)


def _absolute(outputs: Tensor, targets: Tensor) -> Tensor:
    return (_numbers(outputs) - _like(outputs, targets)).abs().mean(1)


METRICS: Registry[Metric] = Registry("metric")
ACCURACY = Metric(name="accuracy", is_share=True, each=right)
for _metric in (
    ACCURACY,
    Metric(name="error", higher_is_better=False, is_share=True, each=lambda y, t: 1 - right(y, t)),
    Metric(name="auroc", is_share=True, whole=auroc),
    Metric(name="f1", is_share=True, whole=f1),
    Metric(name="mse", higher_is_better=False, each=_squared),
    Metric(name="mae", higher_is_better=False, each=_absolute),
    Metric(name="r2", whole=r2),
):
    METRICS.register(_metric.name, _metric)
