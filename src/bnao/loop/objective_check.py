"""What the objective, the data and the networks do not allow of one another is refused before anything is trained."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bnao.call import call_network
from bnao.data.augment import Augment
from bnao.errors import BnaoError, DataError, SettingError, require
from bnao.loop.given import OWN, example_inputs, range_of
from bnao.loop.workbench import Workbench
from bnao.objective.config import OWN as OWN_FUNCTION
from bnao.rng import generator, torch_stream
from bnao.sampling import Policy


def check_objective(bench: Workbench, policy: Policy) -> None:
    """Raise SettingError for a teacher, smoothed labels or augmentation that the objective or the data do not allow."""
    config, classes = bench.config, bench.objective.is_classes
    teacher = policy.plan(0, generator(config.seed, "check", "plan")).teacher
    require(
        teacher is None or classes,
        "a policy with a teacher needs the loss cross_entropy, for the others learn its probabilities",
        f"{config.sampling.policy} and {config.objective.loss}",
        "choose another policy: bnao list policies",
    )
    inputs = example_inputs(bench.data.train, config.seed)
    images = isinstance(inputs, Tensor) and inputs.dim() == 4
    for name, training in (
        ("supernet", config.supernet.training),
        ("rerank", config.rerank.training),
        ("final", config.final.training),
    ):
        require(
            training.label_smoothing == 0 or classes,
            f"{name}.training.label_smoothing needs the loss cross_entropy",
            f"{training.label_smoothing:g} and {config.objective.loss}",
            "set it to 0",
        )
        require(
            images or not Augment(training.augment).is_active,
            f"{name}.training.augment changes images, inputs of (channels, height, width)",
            tuple(inputs.shape[1:]) if isinstance(inputs, Tensor) else type(inputs).__name__,
            "set crop_padding and cutout to 0 and flip to false",
        )


def check_targets(bench: Workbench) -> None:
    """Raise DataError or SettingError for classes, weights of classes or targets that the networks' outputs do not fit.

    A model of the user's own is called once, on two training examples, and its outputs given to the loss.
    """
    if bench.config.space.name != OWN:
        _check_classes(bench, None if bench.data.task is None else bench.data.task.num_classes)
        return
    with torch_stream(bench.config.seed, "check", "targets", device=bench.device), torch.no_grad():
        inputs, targets = bench.data.train.batch(torch.arange(2))
        outputs = call_network(_one_network(bench), inputs)
    _check_classes(bench, outputs.shape[1] if isinstance(outputs, Tensor) and outputs.dim() > 1 else None)
    _check_outputs(bench, outputs, targets)


def _one_network(bench: Workbench) -> nn.Module:
    (architecture,) = bench.feasible.sample_distinct(1, generator(bench.config.seed, "check", "targets"))
    return bench.delivered.skeleton.build_standalone(architecture).module.to(bench.device).eval()


def _check_classes(bench: Workbench, count: int | None) -> None:
    """Each of ``count`` outputs has its weight, and each class an output: on a GPU torch would end the process."""
    if count is None:
        return
    weights = bench.config.objective.class_weights
    require(
        weights is None or len(weights) == count,
        f"objective.class_weights are one for each class, here {count}",
        () if weights is None else weights,
        "give as many, in the order of the classes",
    )
    if not bench.objective.is_classes:
        return
    found = {"train": range_of(bench.data.train), "valid": range_of(bench.data.valid), "test": bench.held_out.classes}
    for name, classes in found.items():
        if classes is not None and not 0 <= classes[0] <= classes[1] < count:
            raise DataError(
                f"classes are numbers from 0, one for each of the network's {count} outputs; {name} has "
                f"{classes[0]} to {classes[1]}: number them from 0, or give the last layer an output for each"
            )


def _check_outputs(bench: Workbench, outputs: Any, targets: Tensor) -> None:
    """The loss takes them, and so does a metric of ours; one of the user's own may need more than two examples."""
    objective, judged = bench.objective, bench.config.objective.metric != OWN_FUNCTION
    if objective.is_classes and isinstance(outputs, Tensor):
        outputs, targets = outputs.cpu(), targets.cpu()  # where a class too many is an exception
    try:
        objective.training_loss(outputs, targets)
        if judged:
            objective.metric.of(outputs, targets)
    except BnaoError:
        raise
    except Exception as error:  # torch's, or that of a function of the user's own
        told = (str(error).strip() or "no message").splitlines()[0]
        raise SettingError(
            f"the loss takes the network's outputs and the targets; of {_form(outputs)} and {_form(targets)} it raised "
            f"{type(error).__name__}: {told}: bring the last layer and the targets to the form of the loss, or choose "
            "another loss"
        ) from error


def _form(value: Any) -> str:
    return f"{tuple(value.shape)} {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
