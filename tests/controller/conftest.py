"""Synthetic scores of NAO cells, known without training anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture

WORTH = np.array([1.0, 0.7, -0.5, -0.2, -1.0])


@pytest.fixture(scope="session")
def additive() -> Callable[[Sequence[Architecture]], NDArray[np.float64]]:
    """(P,) scores: the sum over a cell's operations (of at most 5 kinds) of each operation's worth."""
    return lambda architectures: np.array([WORTH[list(a.tokens[1::2])].sum() for a in architectures])
