"""The regression that forgets, against weighted least squares on all that was ever seen."""

from __future__ import annotations

import numpy as np
import pytest

from bnao.rng import generator
from bnao.sampling.trend import Trend

MEMORY = 200


def fed(xs: np.ndarray, losses: np.ndarray) -> Trend:
    trend = Trend(MEMORY)
    for x, loss in zip(xs, losses, strict=True):
        trend.add(float(x), float(loss))
    return trend


def data(slope: float, speed: float, noise: float, steps: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Losses that fall at ``speed * (1 + slope (x - 5))`` per memory."""
    rng = generator(0, "trend")
    xs = rng.normal(5.0, 0.5, steps)
    falls = speed * (1 + slope * (xs - 5)) * np.arange(steps) / MEMORY
    return xs, 9 - 0.3 * xs - falls + noise * rng.standard_normal(steps)


@pytest.mark.parametrize("noise", [0.05, 2.0])
@pytest.mark.parametrize("exponent", [0.0, 1.5])
def test_it_is_weighted_least_squares(noise: float, exponent: float) -> None:
    xs, losses = data(0.8, 0.4, noise)
    age = np.arange(len(xs))[::-1] / MEMORY
    weights = np.exp(-age)
    centred = xs - np.average(xs, weights=weights)
    features = np.stack([np.ones_like(xs), centred, -age, -age * centred], axis=1)
    moments = features.T @ (weights[:, None] * features)
    b = np.linalg.solve(moments, features.T @ (weights * losses))
    variance = np.average((losses - features @ b) ** 2, weights=weights)
    direction = np.array([0.0, 0.0, exponent, -1.0])
    v, z = -b[2], direction @ b
    wanted = z * v / (v**2 + variance * direction @ np.linalg.inv(moments) @ direction)
    assert fed(xs, losses).excess(exponent) == pytest.approx(wanted, rel=1e-6)


def test_without_noise_it_is_the_slope() -> None:
    trend = fed(*data(0.8, 0.4, 0.0))
    assert trend.excess(0.0) == pytest.approx(0.8, abs=0.05)
    assert trend.excess(0.8) == pytest.approx(0.0, abs=0.05)
    assert trend.excess(2.0) == pytest.approx(-1.2, abs=0.05)


def test_noise_shrinks_it_and_what_says_nothing_is_zero() -> None:
    xs, losses = data(0.8, 0.4, 5.0)
    assert abs(fed(xs, losses).excess(0.0)) < 0.5
    assert fed(xs[:50], losses[:50]).excess(0.0) == 0.0, "too few"
    assert fed(np.full(900, 5.0), losses).excess(0.0) == 0.0, "one size"
    assert fed(*data(0.8, -0.4, 0.0)).excess(0.0) == 0.0, "losses rise"


def test_a_restored_one_goes_on_to_the_bit() -> None:
    xs, losses = data(0.8, 0.4, 1.0)
    whole, begun, again = fed(xs, losses), fed(xs[:400], losses[:400]), Trend(MEMORY)
    again.restore(begun.state())
    for x, loss in zip(xs[400:], losses[400:], strict=True):
        again.add(float(x), float(loss))
    assert again.state() == whole.state() and again.excess(0.3) == whole.excess(0.3)
