"""A search of the user's own model on the user's own data: what the arguments of ``bnao.search`` come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from bnao.arch import Architecture
from bnao.cost.costs import LatencyFunction
from bnao.data.dataset import DatasetExamples, Prepare, own_examples
from bnao.errors import SettingError
from bnao.loop.arguments import Objects
from bnao.loop.config import SearchConfig
from bnao.loop.given import OWN, Given
from bnao.objective import Metric
from bnao.objective.config import ObjectiveConfig
from bnao.objective.objective import Loss
from bnao.training.optimizer import OptimizerFactory

LARGEST_BATCH, SMALLEST_BATCH = 128, 8
BATCHES_AN_EPOCH = 16
"""The batch size is the power of two within these bounds that gives an epoch at least so many steps."""

_NUMBERS = {"mse": "mse", "mae": "l1", "r2": "mse"}
"""Metrics that tell by their name what is minimised."""


def given_in_python(
    build: Callable[[], nn.Module] | None,
    *,
    train: Any = None,
    valid: Any = None,
    test: Any = None,
    prepare: Prepare | None = None,
    loss: str | Loss | None = None,
    metric: str | Callable[[Any, Any], float] | None = None,
    higher_is_better: bool = True,
    optimizer: str | OptimizerFactory | None = None,
    latency: Callable[[Sequence[Architecture]], Any] | None = None,
) -> Given:
    """The objects among the arguments. Raises SettingError where one cannot be used."""
    if train is None and (valid is not None or test is not None):
        raise SettingError("valid and test go with train; received no train: give it too")
    return Given(
        build=build,
        train=train,
        valid=valid,
        test=test,
        prepare=prepare,
        loss=loss if callable(loss) else None,
        metric=_metric(metric, higher_is_better) if callable(metric) else None,
        optimizer=optimizer if callable(optimizer) else None,
        latency=None if latency is None else LatencyFunction(latency),
    )


def objects_given(objects: Objects, latency: Callable[[Sequence[Architecture]], Any] | None = None) -> Given:
    """What a finished run was given in Python, given again. Raises SettingError where one cannot be used."""
    build = objects.get("model")
    rest = {name: value for name, value in objects.items() if name != "model"}
    return given_in_python(build, latency=latency, **rest)  # type: ignore[arg-type]


def own_config(
    config: SearchConfig,
    given: Given,
    *,
    loss: str | Loss | None,
    metric: str | Callable[[Any, Any], float] | None,
    class_weights: Sequence[float] | None,
    optimizer: str | OptimizerFactory | None,
    epochs: float | None,
    learning_rate: float | None,
    batch_size: int | None,
    whole: bool,
) -> SearchConfig:
    """``config`` with the objective, the optimiser and the lengths that the arguments and the data ask for.

    ``whole``: it is the caller's, not a recipe's, so batch sizes in it stay.
    """
    if given.train is not None:
        config = replace(config, data=replace(config.data, source=OWN))
        examples = own_examples(given.train, given.prepare, "train")
        batch_size = batch_size or (None if whole else _batch_size(len(examples)))
        known = None if config.objective == ObjectiveConfig() else config.objective
        asked = _asked(known, loss, metric, class_weights)
        config = replace(config, objective=_objective(examples, *asked))
    elif loss is not None or metric is not None or class_weights is not None:
        named, judged, weights = _asked(config.objective, loss, metric, class_weights)
        config = replace(config, objective=ObjectiveConfig(loss=named, metric=judged, class_weights=weights))
    changes: dict[str, Any] = {}
    if isinstance(optimizer, str):
        changes["optimizer"] = optimizer
    if learning_rate is not None:
        changes |= {"learning_rate": learning_rate, "final_learning_rate": learning_rate / 100}
    if batch_size is not None:
        changes["batch_size"] = batch_size
    longer = 1.0 if epochs is None else epochs / config.final.training.epochs

    def changed(section: Any) -> Any:
        training = section.training
        return replace(section, training=replace(training, epochs=training.epochs * longer, **changes))

    return replace(
        config, supernet=changed(config.supernet), rerank=changed(config.rerank), final=changed(config.final)
    )


def _metric(function: Callable[[Any, Any], float], higher_is_better: bool) -> Metric:
    name = getattr(function, "__name__", "metric").strip("_<>") or "metric"
    return Metric(
        name=name if name.isidentifier() and name != "lambda" else "metric",
        higher_is_better=higher_is_better,
        whole=lambda outputs, targets: float(function(outputs, targets)),
    )


def _batch_size(num: int) -> int:
    size = LARGEST_BATCH
    while size > SMALLEST_BATCH and size * BATCHES_AN_EPOCH > num:
        size //= 2
    return max(2, min(size, num))


def _asked(
    known: ObjectiveConfig | None,
    loss: str | Loss | None,
    metric: str | Callable[[Any, Any], float] | None,
    class_weights: Sequence[float] | None,
) -> tuple[Any, Any, tuple[float, ...] | None]:
    """Names of the loss and the metric, and class weights: the arguments' or, where these are silent, ``known``'s."""
    named, judged = (OWN if callable(each) else each for each in (loss, metric))
    weights = None if class_weights is None else tuple(map(float, class_weights))
    if known is None:
        return named, judged, weights
    return (
        known.loss if named is None else named,
        known.metric if judged is None else judged,
        known.class_weights if weights is None else weights,
    )


def _objective(
    examples: DatasetExamples, named: str | None, judged: str | None, weights: tuple[float, ...] | None
) -> ObjectiveConfig:
    """What is named; the rest by what the targets are: whole numbers are classes."""
    targets = examples.batch(torch.tensor([0, 1]))[1]
    are_classes = not targets.is_floating_point() and targets.dtype != torch.bool
    if named is None:
        if judged in _NUMBERS:
            named = _NUMBERS[judged]
        elif are_classes:
            named = "cross_entropy"
        elif judged in ("accuracy", "error", "auroc", "f1"):
            named = "binary_cross_entropy"
        else:
            raise SettingError(
                f"targets that are whole numbers are learned as classes; these are {str(targets.dtype)[6:]} of shape "
                f"{tuple(targets.shape[1:])}: say what to learn, with loss= and metric= (for numbers loss='mse', "
                "metric='mae'; for several labels loss='binary_cross_entropy', metric='auroc'; or your own functions)"
            )
    if judged is None:
        usual = {"cross_entropy": "accuracy", "binary_cross_entropy": "auroc", "mse": "mse", "l1": "mae"}
        if named not in usual:
            raise SettingError(
                "a loss of your own needs a metric by which networks are compared; received none: give metric=, a name "
                "(accuracy, auroc, f1, mse, mae, r2) or a function of outputs and targets"
            )
        judged = usual[named]
    return ObjectiveConfig(loss=named, metric=judged, class_weights=weights)
