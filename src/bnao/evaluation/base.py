"""The evaluator seam: architectures in, scores out.

Shape: P architectures.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture


@dataclass(frozen=True)
class Scores:
    """``values_P`` are finite, higher is better; ``metrics_P`` are the metric's; ``name`` says what the values are."""

    values_P: NDArray[np.float64]
    metrics_P: NDArray[np.float64]
    name: str
    num_not_finite: int = 0


class Evaluator(ABC):
    """Scores architectures. Evaluating changes nothing that a later evaluation or training could see."""

    @abstractmethod
    def evaluate(
        self, architectures: Sequence[Architecture], on_done: Callable[[int], None] = lambda done: None
    ) -> Scores:
        """Scores of all ``architectures``; ``on_done(n)`` after the n-th."""


def finite_scores(raw_P: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Values that are not finite (a diverged network) become the worst finite one, and are counted.

    If none is finite all become 0.
    """
    good = np.isfinite(raw_P)
    worst = float(raw_P[good].min()) if good.any() else 0.0
    return np.where(good, raw_P, worst), int((~good).sum())
