"""The matrix products against explicit loops: resampled twins make no pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr

from bnao.ranking.bootstrap import multiplicities
from bnao.ranking.pair_sums import Near, pair_sums

Floats = NDArray[np.float64]
NUM = 9
VALUES = st.lists(st.integers(0, 5), min_size=NUM, max_size=NUM).map(lambda values: np.array(values, dtype=float))
SIZES = st.lists(st.sampled_from([100, 101, 103, 200]), min_size=NUM, max_size=NUM)


def loops(
    scores: Floats, truth: Floats, weights: Floats, sizes: Floats, tolerance: float
) -> tuple[float, float, float]:
    """Tau-b, pairwise accuracy and rho of one resample, written out as a list of drawn architectures."""
    drawn = [i for i in range(len(scores)) for _ in range(int(weights[i]))]
    draws = range(len(drawn))

    def sign(values: Floats, m: int, n: int) -> float:
        i, j = drawn[m], drawn[n]
        near = abs(sizes[i] - sizes[j]) <= tolerance * max(sizes[i], sizes[j])
        return float(np.sign(values[i] - values[j])) if i != j and near else 0.0

    agree = n_score = n_truth = cross = squares = truth_squares = 0.0
    for m in draws:
        for n in draws:
            x, y = sign(scores, m, n), sign(truth, m, n)
            agree, n_score, n_truth = agree + x * y, n_score + abs(x), n_truth + abs(y)
            for o in draws:
                if n != o and drawn[n] == drawn[o]:  # twins
                    continue
                z, v = sign(truth, m, o), sign(scores, m, o)
                cross, squares, truth_squares = cross + x * z, squares + x * v, truth_squares + y * z
    return (
        agree / np.sqrt(n_score * n_truth) if n_score * n_truth else np.nan,
        (agree / n_truth + 1) / 2 if n_truth else np.nan,
        cross / np.sqrt(squares * truth_squares) if squares * truth_squares > 0 else np.nan,
    )


@settings(max_examples=15, deadline=None)
@given(VALUES, VALUES, SIZES, st.sampled_from([None, 0.0, 0.02]), st.integers(0, 99))
def test_as_loops_over_the_draws(
    scores: Floats, truth: Floats, sizes: list[float], tolerance: float | None, seed: int
) -> None:
    sizes_P = np.array(sizes, dtype=float)
    weights = multiplicities(NUM, 3, seed)
    near = None if tolerance is None else Near(sizes_P, tolerance)
    sums = pair_sums(scores, truth, weights, near)
    for column in range(4):
        expected = loops(scores, truth, weights[:, column], sizes_P, 1.0 if tolerance is None else tolerance)
        found = [values[column] for values in (sums.kendall(), sums.pairwise(), sums.spearman())]
        assert found == pytest.approx(list(expected), nan_ok=True, abs=1e-9)


def test_without_twins_they_are_the_usual_figures() -> None:
    rng = np.random.default_rng(1)
    scores, truth = rng.integers(0, 30, 80).astype(float), rng.integers(0, 30, 80).astype(float)
    sums = pair_sums(scores, truth, np.ones((80, 1), dtype=np.float32))
    assert sums.kendall()[0] == pytest.approx(kendalltau(scores, truth).statistic)
    assert sums.spearman()[0] == pytest.approx(spearmanr(scores, truth).statistic)


def test_tau_of_a_resample_is_that_of_its_list() -> None:
    # Tau-b leaves out pairs tied in both, so for it (and no other figure) scipy on the drawn list is the same.
    rng = np.random.default_rng(2)
    scores, truth = rng.random(30), rng.random(30)
    weights = multiplicities(30, 5, 0)
    found = pair_sums(scores, truth, weights, ranks=False).kendall()
    for column in range(6):
        drawn = np.repeat(np.arange(30), weights[:, column].astype(int))
        assert found[column] == pytest.approx(kendalltau(scores[drawn], truth[drawn]).statistic)


def test_twins_do_not_pull_rho() -> None:
    rng = np.random.default_rng(3)
    truth = rng.standard_normal(25)
    sums = pair_sums(truth + rng.standard_normal(25), truth, multiplicities(25, 4000, 0))
    drawn, own = sums.spearman()[1:], sums.spearman()[0]
    assert abs(drawn.mean() - own) < 0.015  # with twins as ties of different networks it is lower


def test_first_column_is_the_sample_and_each_other_as_large() -> None:
    weights = multiplicities(12, 7, 5)
    assert weights.shape == (12, 8) and (weights[:, 0] == 1).all() and (weights.sum(axis=0) == 12).all()
    assert (multiplicities(12, 7, 5, 4)[:, 1:].sum(axis=0) == 4).all()
    assert (weights == multiplicities(12, 7, 5)).all() and (weights != multiplicities(12, 7, 6)).any()
