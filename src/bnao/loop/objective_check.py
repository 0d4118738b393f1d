"""Settings that suit classes or images only are refused where the data are something else."""

from __future__ import annotations

from torch import Tensor

from bnao.data.augment import Augment
from bnao.errors import require
from bnao.loop.given import example_inputs
from bnao.loop.workbench import Workbench
from bnao.rng import generator
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
