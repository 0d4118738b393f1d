"""Settings of a training (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bnao.data.config import AugmentConfig
from bnao.errors import require


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One training of a supernet (a round) or of a stand-alone network: SGD with momentum (not Nesterov's).

    The learning rate falls from ``learning_rate`` to ``final_learning_rate`` along a cosine per step, or is multiplied
    by ``decay`` each epoch. It restarts with each training.
    """

    epochs: float = 50.0  # passes over the training images; may be a fraction
    batch_size: int = 64  # images a step
    learning_rate: float = 0.025  # at the start
    final_learning_rate: float = 0.001  # at the end of the cosine
    schedule: Literal["cosine", "exponential"] = "cosine"  # along a cosine, or times `decay` after each epoch
    decay: float = 0.97  # exponential schedule: factor per epoch
    momentum: float = 0.9  # of SGD
    weight_decay: float = 3e-4  # L2 penalty, added to the gradients
    clip_norm: float = 5.0  # of the active gradients' total norm
    auxiliary_weight: float = 0.4  # of the auxiliary head's loss, where the network has one
    label_smoothing: float = 0.0  # share of the target that is spread over all classes; 0: off
    average_decay: float = 0.0  # > 0: keep an exponential average of the weights and score with it
    inactive: Literal["frozen", "moving"] = "frozen"  # weights off the path: untouched, or moved by momentum and decay
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        require(self.epochs > 0, "epochs is positive", self.epochs, "give at least a fraction of an epoch")
        require(self.batch_size >= 2, "batch_size is at least 2 (batch norm)", self.batch_size, "use 2 or more")
        require(self.learning_rate > 0, "learning_rate is positive", self.learning_rate, "the paper uses 0.025")
        require(self.clip_norm > 0, "clip_norm is positive", self.clip_norm, "the paper uses 5")
        require(0.0 <= self.average_decay < 1.0, "average_decay lies in [0, 1)", self.average_decay, "0 means off")
        require(
            0.0 <= self.label_smoothing < 1.0, "label_smoothing lies in [0, 1)", self.label_smoothing, "0 means off"
        )
        require(self.inactive in ("frozen", "moving"), "inactive is frozen or moving", self.inactive, "choose one")
        require(
            self.schedule in ("cosine", "exponential"), "schedule is cosine or exponential", self.schedule, "choose"
        )
