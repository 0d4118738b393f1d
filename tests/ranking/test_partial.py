"""Score and size given the truth: 0 for a ranking that is only noisy, below 0 for one against large networks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from bnao.ranking.bootstrap import multiplicities
from bnao.ranking.partial import partial_correlation

WEIGHTS = multiplicities(150, 200, 0)


def drawn(seed: int, bias: float) -> tuple[float, bool]:
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal(150)
    sizes = 10 + truth + rng.standard_normal(150)
    scores = truth + 1.5 * rng.standard_normal(150) + bias * sizes
    found = partial_correlation(scores, sizes, truth, WEIGHTS, 0.95)
    assert found.value is not None and found.low is not None and found.high is not None and found.num == 150
    return found.value, found.low <= 0 <= found.high


def test_its_null_is_zero() -> None:
    values, held = zip(*(drawn(seed, 0.0) for seed in range(60)), strict=True)
    assert abs(np.mean(values)) < 0.03 and np.mean(held) > 0.85


@pytest.mark.parametrize("bias", [-1.0, 1.0])
def test_a_preference_shows(bias: float) -> None:
    value, holds_zero = drawn(1, bias)
    assert np.sign(value) == bias and not holds_zero


def test_the_formula() -> None:
    rng = np.random.default_rng(2)
    a, b, t = rng.random((3, 150))
    ab, at, bt = (spearmanr(x, y).statistic for x, y in ((a, b), (a, t), (b, t)))
    expected = (ab - at * bt) / np.sqrt((1 - at**2) * (1 - bt**2))
    assert partial_correlation(a, b, t, WEIGHTS, 0.9).value == pytest.approx(expected)


def test_nothing_is_left_of_a_perfect_score() -> None:
    t, b = np.random.default_rng(3).random((2, 150))
    assert partial_correlation(t, b, t, WEIGHTS, 0.9).value is None
