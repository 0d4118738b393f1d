"""Settings of a training (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Literal

from bnao.data.config import AugmentConfig
from bnao.errors import require


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One training of a supernet (a round) or of a stand-alone network.

    ``sgd`` has momentum (not Nesterov's), and its ``weight_decay`` is added to the gradients; ``adamw`` decouples it.

    The learning rate falls from ``learning_rate`` to ``final_learning_rate`` along a cosine per step, or is multiplied
    by ``decay`` each epoch. It restarts with each training.

    ``precision`` bfloat16 is autocast of forward and backward passes; auto is bfloat16 on a CUDA device that supports
    it, float32 elsewhere. It is settled once, when the work is laid out: a run keeps the word that it came to.

    Raises SettingError on a value out of range.
    """

    epochs: float = 50.0  # passes over the training images; may be a fraction
    batch_size: int = 64  # images a step
    gradient_accumulation: int = 1  # run each batch in so many parts: less memory; batch norm sees a part
    precision: Literal["float32", "bfloat16", "auto"] = "float32"  # bfloat16: autocast; auto: on GPUs that have it
    compile: Literal["off", "operations"] = "off"  # torch.compile of each candidate operation; slower on CPU
    learning_rate: float = 0.025  # at the start
    final_learning_rate: float = 0.001  # at the end of the cosine
    schedule: Literal["cosine", "exponential"] = "cosine"  # along a cosine, or times `decay` after each epoch
    decay: float = 0.97  # exponential schedule: factor per epoch
    optimizer: Literal["sgd", "adamw"] = "sgd"  # the paper uses sgd; adamw suits networks without batch norm
    momentum: float = 0.9  # of SGD
    weight_decay: float = 3e-4  # L2 penalty
    clip_norm: float = 5.0  # of the active gradients' total norm
    auxiliary_weight: float = 0.4  # of the auxiliary head's loss, where the network has one
    label_smoothing: float = 0.0  # share of the target that is spread over all classes; 0: off
    average_decay: float = 0.0  # > 0: keep an exponential average of the weights and score with it
    inactive: Literal["frozen", "moving"] = "frozen"  # weights off the path: untouched, or moved by momentum and decay
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        for name, remedy in (
            ("epochs", "give at least a fraction of an epoch"),
            ("learning_rate", "the paper uses 0.025"),
            ("clip_norm", "the paper uses 5; a large number such as 1e9 never clips"),
        ):
            value = getattr(self, name)
            require(value > 0, f"{name} is positive", value, remedy)
            require(isfinite(value), f"{name} is finite", value, remedy)
        for name, remedy in (
            ("weight_decay", "the paper uses 3e-4; 0 means off"),
            ("auxiliary_weight", "the paper uses 0.4; 0 means off"),
            ("final_learning_rate", "the paper uses 0.001"),
        ):
            value = getattr(self, name)
            require(isfinite(value) and value >= 0, f"{name} is finite and not negative", value, remedy)
        require(self.batch_size >= 2, "batch_size is at least 2 (batch norm)", self.batch_size, "use 2 or more")
        require(
            1 <= self.gradient_accumulation <= self.batch_size // 2,
            f"gradient_accumulation lies in [1, batch_size / 2], here {self.batch_size // 2} (two images a part)",
            self.gradient_accumulation,
            "lower it or raise batch_size",
        )
        require(
            self.precision in ("float32", "bfloat16", "auto"),
            "precision is float32, bfloat16 or auto",
            self.precision,
            "choose one",
        )
        require(self.compile in ("off", "operations"), "compile is off or operations", self.compile, "choose one")
        require(0.0 <= self.momentum < 1.0, "momentum lies in [0, 1)", self.momentum, "the paper uses 0.9")
        require(0.0 < self.decay <= 1.0, "decay lies in (0, 1]", self.decay, "0.97 is usual; 1 keeps the rate")
        require(0.0 <= self.average_decay < 1.0, "average_decay lies in [0, 1)", self.average_decay, "0 means off")
        require(
            0.0 <= self.label_smoothing < 1.0, "label_smoothing lies in [0, 1)", self.label_smoothing, "0 means off"
        )
        require(self.optimizer in ("sgd", "adamw"), "optimizer is sgd or adamw", self.optimizer, "choose one")
        require(self.inactive in ("frozen", "moving"), "inactive is frozen or moving", self.inactive, "choose one")
        require(
            self.schedule in ("cosine", "exponential"), "schedule is cosine or exponential", self.schedule, "choose"
        )
        require(
            self.schedule != "cosine" or self.final_learning_rate <= self.learning_rate,
            f"final_learning_rate is at most learning_rate, {self.learning_rate:g}: the cosine falls",
            self.final_learning_rate,
            "lower final_learning_rate or raise learning_rate",
        )
        require(
            self.average_decay == 0.0 or self.inactive == "frozen",
            "average_decay above 0 needs inactive = frozen (its lazy update takes weights off the path to rest)",
            self.inactive,
            "set inactive to frozen or average_decay to 0",
        )
