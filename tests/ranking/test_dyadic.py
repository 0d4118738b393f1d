"""Intervals within equal size: as wide as chance moves the figures, never wider than the bootstrap's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bnao.ranking import paired_difference, report
from bnao.ranking.bootstrap import multiplicities
from bnao.ranking.dyadic import kendall_deviation, shrinkage, shrunk
from bnao.ranking.figures import scope_figures
from bnao.ranking.pair_sums import Near, pair_sums
from bnao.ranking.scopes import Scope

Floats = NDArray[np.float64]
NUM = 10
VALUES = st.lists(st.integers(0, 6), min_size=NUM, max_size=NUM).map(lambda values: np.array(values, dtype=float))
SIZES = st.lists(st.sampled_from([100.0, 101.0, 103.0, 200.0]), min_size=NUM, max_size=NUM).map(np.array)


@settings(max_examples=50, deadline=None)
@given(VALUES, VALUES, SIZES, st.sampled_from([0.0, 0.02]))
def test_the_deviation_is_that_of_the_formula(scores: Floats, truth: Floats, sizes: Floats, tolerance: float) -> None:
    near = np.abs(sizes[:, None] - sizes) <= tolerance * np.maximum(sizes[:, None], sizes)
    x, y = np.sign(scores[:, None] - scores) * near, np.sign(truth[:, None] - truth) * near
    s, a, b = (x * y).sum() / 2, np.abs(x).sum() / 2, np.abs(y).sum() / 2
    found, num = kendall_deviation(scores, truth, Near(sizes, tolerance))
    if a == 0 or b == 0:
        assert (found, num) == (0, 0)
        return
    psi = (x * y - s / (2 * a) * np.abs(x) - s / (2 * b) * np.abs(y)) / np.sqrt(a * b)
    assert psi.sum() == pytest.approx(0)
    own = (psi**2).sum() / 2
    assert found**2 == pytest.approx(max((psi.sum(axis=1) ** 2).sum() - own, own))
    assert 1 <= num <= NUM / 2


def test_pairs_with_nothing_in_common_are_independent() -> None:
    """Of m pairs in which a share p is in order the variance of tau is 4 p (1 - p) / m."""
    truth, sizes = np.tile([0.1, 0.2], 20), np.repeat(np.arange(1.0, 21), 2)
    scores = np.where(np.arange(40) < 10, -truth, truth)  # 5 of 20 are reversed
    assert kendall_deviation(scores, truth, Near(sizes, 0.0)) == pytest.approx((np.sqrt(4 * 0.25 * 0.75 / 20), 20))


@settings(max_examples=25, deadline=None)
@given(st.integers(6, 40), st.integers(2, 12), st.integers(0, 99))
def test_never_wider_than_the_bootstrap_and_always_around_the_value(num: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, sizes = rng.standard_normal(num), rng.integers(0, classes, num).astype(float)
    scores, near, weights = truth + rng.standard_normal(num), Near(sizes, 0.0), multiplicities(num, 60, 0)
    kendall = pair_sums(scores, truth, weights, near, ranks=False).kendall()
    factor = shrinkage(kendall, scores, truth, near, 0.95)
    values, drawn = shrunk(kendall, factor), np.isfinite(kendall)
    assert 0 <= factor <= 1 and shrinkage(kendall, scores, truth, None, 0.95) == 1
    assert (np.abs(values[drawn] - kendall[0]) <= np.abs(kendall[drawn] - kendall[0]) + 1e-12).all()
    assert (np.abs(values[drawn]) <= 1 + 1e-12).all()


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_within_equal_size_they_hold_the_true_value_about_as_often_as_they_say(correlation: float) -> None:
    """18 sizes among 40 architectures: 43 pairs or so. The bootstrap's intervals are half as wide again."""
    rng, trials, everyone = np.random.default_rng(6), 200, Scope(np.arange(40))
    weights, tau = multiplicities(40, 200, 0), 2 / np.pi * np.arcsin(correlation)
    found = []
    for _ in range(trials):
        truth, sizes = rng.standard_normal(40), rng.integers(0, 18, 40).astype(float)
        scores = correlation * truth + np.sqrt(1 - correlation**2) * rng.standard_normal(40)
        figures = scope_figures(scores, truth, Scope(everyone.members_Q, Near(sizes, 0.0)), weights, 0.95)
        for figure, true in ((figures.kendall, tau), (figures.pairwise, (1 + tau) / 2)):
            assert figure.value is not None and figure.low is not None and figure.high is not None
            found.append((figure.value, figure.high - figure.low, figure.low <= true <= figure.high))
    for values, widths, held in (np.array(found[k::2], dtype=float).T for k in (0, 1)):
        assert 0.9 < held.mean() < 0.995
        assert 0.95 < widths.mean() / (3.92 * values.std()) < 1.25


def test_all_pairs_keep_the_interval_of_the_bootstrap() -> None:
    rng = np.random.default_rng(7)
    truth = rng.random(30)
    scores, sizes = truth + 0.3 * rng.standard_normal(30), rng.integers(1, 9, 30).astype(float)
    found = report(scores, truth, sizes, resamples=200).score.overall.kendall
    values = pair_sums(scores, truth, multiplicities(30, 200, 0), ranks=False).kendall()
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(values[1:], (0.025, 0.975))))


def test_a_few_pairs_for_one_ranking_show_no_lead() -> None:
    """Twenty pairs of equal size, of which the rankings order two differently, both for the first."""
    truth, sizes = np.tile([0.1, 0.2], 20), np.repeat(np.arange(1.0, 21), 2)
    ours = np.where(np.arange(40) < 10, -truth, truth)
    theirs = np.where(np.arange(40) < 14, -truth, truth)
    found = paired_difference(ours, theirs, truth, sizes=sizes, resamples=400)
    assert found.low == 0 and not found.above_zero
