"""Samples with a known relation of score, truth and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    scores: Floats
    truth: Floats
    sizes: Floats
    counts: Floats


def sample(num: int, seed: int = 0, *, score_noise: float = 0.3, size_noise: float = 1.0) -> Sample:
    """Counts make the size; size and a part of its own make the quality; the score sees it with noise."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, (num, 3)).astype(float)
    sizes = 100 + counts @ [10.0, 30.0, 5.0]
    quality = (sizes - sizes.mean()) / (sizes.std() or 1.0) + size_noise * rng.standard_normal(num)
    truth = 0.8 + 0.1 * np.tanh(quality / 2)
    return Sample(quality + score_noise * rng.standard_normal(num), truth, sizes, counts)
