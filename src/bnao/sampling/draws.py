"""Draws of architectures from a fixed distribution, a block at a time or one step at a time.

Shapes: P architectures.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.rng import generator

BLOCK = 256
"""Steps whose draws from a whole space are made in one vectorised call."""


class Draws(ABC):
    """Independent draws from one distribution over architectures."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws, with repeats. Depends on the arguments alone."""

    @abstractmethod
    def describe(self) -> str:
        """How draws are made; begins with ``exact`` or ``approximate``."""


class UniformDraws(Draws):
    """Every distinct architecture of the feasible space alike."""

    def __init__(self, feasible: FeasibleSpace) -> None:
        self._feasible = feasible

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws."""
        return self._feasible.sample(n, rng)

    def describe(self) -> str:
        """Exact."""
        return f"exact, uniform over {self._feasible.describe_count()} distinct architectures"


class PoolDraws(Draws):
    """p(a) = w(a) / sum of w over a pool of P distinct architectures: O(log P) a draw.

    Raises SettingError if the pool is empty or holds an architecture twice (its weight would count twice).
    """

    def __init__(self, pool: Sequence[Architecture], weights_P: NDArray[np.float64]) -> None:
        if not pool:
            raise SettingError("sampling over a pool needs one; received an empty pool: give architectures")
        if len({a.id for a in pool}) < len(pool):
            raise SettingError(f"a pool's architectures are distinct; received {len(pool)} with repeats: drop them")
        assert weights_P.shape == (len(pool),) and np.isfinite(weights_P).all() and (weights_P >= 0).all()
        self._pool = tuple(pool)
        ends_P = np.cumsum(weights_P)
        self._ends_P = ends_P / ends_P[-1]
        self._ends_P[np.flatnonzero(weights_P)[-1] :] = 1.0

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws."""
        return [self._pool[i] for i in np.searchsorted(self._ends_P, rng.random(n), side="right")]

    def describe(self) -> str:
        """Exact."""
        return f"exact, by the weights of {len(self._pool)} pool architectures"


class BlockDraws:
    """One draw for each step, made a block of :data:`BLOCK` steps at a time.

    Block b is drawn from the stream (seed, "sampling", "block", b): a step's draw is a function of (seed, step), so a
    resumed run needs no state. One block is kept.
    """

    def __init__(self, draws: Draws, seed: int) -> None:
        self._draws, self._seed = draws, seed
        self._block: tuple[int, list[Architecture]] = (-1, [])

    def at(self, step: int) -> Architecture:
        """The draw of ``step`` >= 0."""
        number, offset = divmod(step, BLOCK)
        if self._block[0] != number:
            self._block = number, self._draws.sample(BLOCK, generator(self._seed, "sampling", "block", number))
        return self._block[1][offset]

    def describe(self) -> str:
        """How draws are made."""
        return self._draws.describe()


def fewer(draws: int, share: float, least: int) -> int:
    """How many of ``draws`` feasible ones are worth their price, where ``share`` of the space keeps the limits.

    >>> [fewer(4096, share, 64) for share in (1.0, 0.1, 0.01, 0.0001)]
    [4096, 4096, 410, 64]
    """
    return max(least, min(draws, round(10 * share * draws)))


def floored(weights_P: NDArray[np.float64], floor: float, mean: float | None = None) -> NDArray[np.float64]:
    """max(w, floor * mean of w), with the mean over these P unless given; all ones if that mean is zero.

    >>> floored(np.array([0.0, 1.0, 3.0, 4.0]), floor=0.5).tolist()
    [1.0, 1.0, 3.0, 4.0]
    """
    if mean is None:
        mean = float(weights_P.mean()) if len(weights_P) else 0.0
    return np.maximum(weights_P, floor * mean) if mean > 0 else np.ones_like(weights_P)
