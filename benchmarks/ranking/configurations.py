"""The named configurations of the study; each says what differs from uniform sampling at the same cost.

The proxy for all: the benchmark's network with C = 8, N = 1 on CIFAR-10 at 16 x 16 pixels. ``steps`` are chosen so that
all train for about as many CPU minutes (policies that draw larger cells, or several paths a step, get fewer). The
weight decay of 1e-3 was chosen on set A with uniform sampling (8000 steps: tau 0.28 without, 0.40 at 3e-4, 0.49 at 1e-3
and 3e-3); ``..._light_decay`` have the paper's 3e-4.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import as_written  # noqa: F401  (registers its policy)

from bnao.data.config import AugmentConfig
from bnao.evaluation.config import ScoringConfig
from bnao.sampling.config import SamplingConfig
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.training.config import TrainingConfig


def _uniform() -> SamplingConfig:
    return SamplingConfig(policy="uniform")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One way to train a supernet and to score cells with it."""

    about: str
    against: str = "uniform"  # the configuration that a report compares it with
    space: SpaceConfig = field(default_factory=lambda: SpaceConfig(name="nasbench201"))
    sampling: SamplingConfig = field(default_factory=_uniform)
    steps: int = 16000
    network: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(cells_per_stage=1, channels=8, output="project")
    )
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            epochs=1,  # replaced by ``steps``
            batch_size=128,
            learning_rate=0.1,
            final_learning_rate=0.0,
            weight_decay=1e-3,
            augment=AugmentConfig(crop_padding=2),
        )
    )
    scoring: ScoringConfig = field(default_factory=lambda: ScoringConfig(batch_size=1250, images=2500))
    trained_as: str | None = None  # scored with the supernet of another configuration
    mean_of: tuple[str, str] | None = None  # the score is the mean of two configurations' losses, from their rows
    resolution: int = 16
    valid_fraction: float = 0.1

    def train_settings(self, num_images: int) -> TrainingConfig:
        """The training with ``steps`` written as epochs."""
        per_epoch = num_images // self.training.batch_size
        return replace(self.training, epochs=self.steps / per_epoch)


def _by_size(exponent: float, size: str = "chosen_ops") -> SamplingConfig:
    return SamplingConfig(policy="size_proportional", size=size, exponent=exponent)  # type: ignore[arg-type]


def _policy(name: str) -> SamplingConfig:
    return SamplingConfig(policy=name)


_LIGHT = replace(Configuration(about="").training, weight_decay=3e-4)
_FLIP = replace(Configuration(about="").training, augment=AugmentConfig(crop_padding=0))
_ALL_IMAGES = ScoringConfig(batch_size=1250)
_ADAPTED = ScoringConfig(batch_size=1250, images=2500, adapt_steps=60)
_LEARNING = ScoringConfig(score="learning", adapt_steps=20)
_LEARNING_10 = ScoringConfig(score="learning", adapt_steps=10)
_FAIR = SamplingConfig(policy="fair", over="space")

_TRAINED = {  # supernets that several configurations score
    "uniform": Configuration(about="every connected cell alike (SPOS)"),
    "size_proportional": Configuration(
        about="in proportion to the chosen operations' parameters", sampling=_by_size(1.0), steps=14500
    ),
    "size_proportional_flip": Configuration(
        about="in proportion to size; images are mirrored and not shifted",
        against="uniform_flip",
        sampling=_by_size(1.0),
        steps=14500,
        training=_FLIP,
    ),
    "uniform_light_decay": Configuration(about="uniform, weight decay 3e-4", training=_LIGHT, scoring=_ALL_IMAGES),
    "size_proportional_light_decay": Configuration(
        about="in proportion to size, weight decay 3e-4",
        sampling=_by_size(1.0),
        steps=14500,
        training=_LIGHT,
        scoring=_ALL_IMAGES,
    ),
}


def _scored(trained: str, about: str, scoring: ScoringConfig) -> Configuration:
    """The supernet ``trained``, scored otherwise."""
    return replace(_TRAINED[trained], about=about, scoring=scoring, trained_as=trained)


def _mean(trained: str, other: str, about: str) -> Configuration:
    """The supernet ``trained``; a cell has the mean of its loss there and of that of the configuration ``other``."""
    return replace(_TRAINED[trained], about=about, trained_as=trained, mean_of=(trained, other))


CONFIGURATIONS: dict[str, Configuration] = {
    "uniform": _TRAINED["uniform"],
    "size_proportional": _TRAINED["size_proportional"],
    "whole_size": Configuration(
        about="in proportion to the whole network's parameters, as in the paper",
        sampling=_by_size(1.0, "standalone"),
        steps=15000,
    ),
    "size_squared": Configuration(about="the square of the size", sampling=_by_size(2.0), steps=14000),
    "macs_proportional": Configuration(
        about="in proportion to multiply-adds", sampling=_policy("macs_proportional"), steps=14500
    ),
    "adaptive": Configuration(about="exponent revised from training losses", sampling=_policy("adaptive"), steps=15000),
    "fair": Configuration(about="strict fairness, 5 paths a step (FairNAS)", sampling=_FAIR, steps=3200),
    "sandwich": Configuration(
        about="largest, smallest, two random, distilled (BigNAS)", sampling=_policy("sandwich"), steps=4000
    ),
    "calr": Configuration(about="learning rate by complexity (CaLR)", sampling=_policy("calr")),
    "uniform_adapted": _scored("uniform", "uniform; each cell's copy trains 60 steps first", _ADAPTED),
    "size_proportional_adapted": _scored(
        "size_proportional", "in proportion to size; each cell's copy trains 60 steps first", _ADAPTED
    ),
    "uniform_learning": _scored("uniform", "uniform; training loss while each cell's copy trains 20 steps", _LEARNING),
    "size_proportional_learning": _scored(
        "size_proportional", "in proportion to size; training loss while each cell's copy trains 20 steps", _LEARNING
    ),
    "size_proportional_both": _mean(
        "size_proportional",
        "size_proportional_learning",
        "in proportion to size; mean of the validation loss and the loss of 20 steps of its copy's training",
    ),
    "uniform_flip": Configuration(
        about="uniform; images are mirrored and not shifted", against="uniform_as_written", training=_FLIP
    ),
    "size_proportional_flip": _TRAINED["size_proportional_flip"],
    "size_proportional_flip_learning": _scored(
        "size_proportional_flip",
        "in proportion to size, not shifted; training loss while each cell's copy trains 10 steps",
        _LEARNING_10,
    ),
    "size_proportional_flip_both": _mean(
        "size_proportional_flip",
        "size_proportional_flip_learning",
        "in proportion to size, not shifted; mean of the validation loss and of that of 10 steps of its copy",
    ),
    "uniform_as_written": Configuration(
        about="each of the six operations alike: isomorphic cells count apart; not shifted",
        sampling=SamplingConfig(policy="as_written", exponent=0.0, size="chosen_ops"),
        steps=17500,
        training=_FLIP,
    ),
    "size_proportional_as_written": Configuration(
        about="in proportion to size, isomorphic cells count apart; not shifted",
        against="uniform_as_written",
        sampling=SamplingConfig(policy="as_written", size="chosen_ops"),
        steps=15500,
        training=_FLIP,
    ),
    "size_squared_as_written": Configuration(
        about="the square of the size, isomorphic cells count apart; not shifted",
        against="uniform_as_written",
        sampling=SamplingConfig(policy="as_written", exponent=2.0, size="chosen_ops"),
        steps=14500,
        training=_FLIP,
    ),
    "uniform_light_decay": _TRAINED["uniform_light_decay"],
    "size_proportional_light_decay": _TRAINED["size_proportional_light_decay"],
    "uniform_light_decay_adapted": _scored(
        "uniform_light_decay",
        "uniform, weight decay 3e-4; each cell's copy trains 60 steps first",
        replace(_ALL_IMAGES, adapt_steps=60),
    ),
    "size_proportional_light_decay_adapted": _scored(
        "size_proportional_light_decay",
        "in proportion to size, weight decay 3e-4; each cell's copy trains 60 steps first",
        replace(_ALL_IMAGES, adapt_steps=60),
    ),
}
