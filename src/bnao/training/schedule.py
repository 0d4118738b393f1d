"""Learning-rate schedules; each restarts with every training (a supernet's round, a stand-alone network)."""

from __future__ import annotations

import math

from bnao.training.config import TrainingConfig


def learning_rate(config: TrainingConfig, step: int, steps: int, steps_per_epoch: int) -> float:
    """The rate of ``step`` (from 0) of ``steps``.

    Cosine: final + (first - final) (1 + cos(pi step / steps)) / 2, per step. Exponential: first * decay^epoch.

    >>> learning_rate(TrainingConfig(), 0, 100, 10)
    0.025
    """
    if config.schedule == "exponential":
        return config.learning_rate * config.decay ** (step // steps_per_epoch)
    low, high = config.final_learning_rate, config.learning_rate
    return low + (high - low) * (1.0 + math.cos(math.pi * step / steps)) / 2.0
