"""How fast training losses fall, and how that depends on size: a regression that forgets.

Shapes: 4 features (1, x, u, x u), with x the log size and u the time before now in units of the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

LEAST = 100.0
"""Weight of remembered losses below which nothing is said."""
MIN_VARIANCE = 1e-6
"""Variance of log sizes below which nothing is said."""


class Trend:
    """Least squares of ``loss = b0 + b1 x + (b2 + b3 x) u`` with weights exp(-age / memory); O(1) a step.

    The speed of falling at log size x is ``v(x) = -(b2 + b3 x)`` per memory.
    """

    def __init__(self, memory: int) -> None:
        self._keep = float(np.exp(-1 / memory))
        self._shift = np.eye(4)  # moves the time origin by one step: u -> u - 1 / memory
        self._shift[2, 0] = self._shift[3, 1] = -1 / memory
        self._moments_44 = np.zeros((4, 4))
        self._products_4 = np.zeros(4)
        self._squares = 0.0

    def add(self, x: float, loss: float) -> None:
        """One step later, a loss at log size ``x``."""
        features_4 = np.array([1.0, x, 0.0, 0.0])
        self._moments_44 = self._keep * (self._shift @ self._moments_44 @ self._shift.T)
        self._moments_44 += np.outer(features_4, features_4)
        self._products_4 = self._keep * (self._shift @ self._products_4) + loss * features_4
        self._squares = self._keep * self._squares + loss * loss

    def excess(self, exponent: float) -> float:
        """How far the relative slope of v in log size, at the mean log size, exceeds ``exponent``; shrunk by its noise.

        The slope is -b3 / v. With z = -b3 - exponent v and its sampling variance: z v / (v^2 + variance of z), so an
        estimate in which noise prevails says little. 0 where losses do not fall, are too few, or are of one size.
        """
        total = float(self._moments_44[0, 0])
        if total < LEAST:
            return 0.0
        mean = self._moments_44[0, 1] / total
        if self._moments_44[1, 1] / total - mean**2 < MIN_VARIANCE:
            return 0.0
        centre = np.eye(4)  # x -> x - mean
        centre[1, 0] = centre[3, 2] = -mean
        inverse_44 = np.linalg.inv(centre @ self._moments_44 @ centre.T)
        products_4 = centre @ self._products_4
        b_4 = inverse_44 @ products_4
        residual = max(0.0, self._squares - float(products_4 @ b_4)) / total
        v = -float(b_4[2])
        if v <= 0:
            return 0.0
        direction_4 = np.array([0.0, 0.0, exponent, -1.0])
        z = float(direction_4 @ b_4)
        variance = residual * float(direction_4 @ inverse_44 @ direction_4)
        return float(z * v / (v * v + variance))

    def state(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "moments": self._moments_44.tolist(),
            "products": self._products_4.tolist(),
            "squares": float(self._squares),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """What :meth:`state` gave."""
        self._moments_44 = np.array(state["moments"], dtype=np.float64)
        self._products_4 = np.array(state["products"], dtype=np.float64)
        self._squares = float(state["squares"])
