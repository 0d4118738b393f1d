"""The training batches that running statistics are measured on."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bnao.data.examples import Examples
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.measure import prepared_batches
from bnao.rng import generator, torch_stream


def calibration_batches(network: nn.Module, train: Examples, config: ScoringConfig, seed: int) -> list[Any]:
    """Inputs for ``network`` of ``config.recalibration_batches`` batches, drawn by ``seed`` without replacement."""
    num = min(len(train), config.recalibration_batches * config.batch_size)
    index = generator(seed, "scoring", "recalibration").choice(len(train), size=num, replace=False)
    with torch_stream(seed, "scoring", "recalibration"):
        batches = prepared_batches(network, train.take(torch.from_numpy(index)), config.batch_size)
    return [x for x, _ in batches]
