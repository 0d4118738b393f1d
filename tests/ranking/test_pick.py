"""Regret, the mean of the top, and how far down a good architecture is, against loops over the draws."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.ranking.bootstrap import multiplicities
from bnao.ranking.pick import good_positions, pick_figures, top_mean

SMALL = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=3, max_size=6)


@settings(max_examples=40, deadline=None)
@given(SMALL, st.integers(1, 3))
def test_ties_are_broken_in_all_ways(pairs: list[tuple[int, int]], count: int) -> None:
    scores, truth = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    means = []
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            means.append(truth[list(order[:count])].mean())
    found = top_mean(scores, truth, np.ones((len(scores), 1), dtype=np.float32), count)
    assert found[0] == pytest.approx(np.mean(means))


def test_in_resamples_as_in_the_lists_drawn() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.random(30), rng.random(30)
    weights = multiplicities(30, 40, 0)
    top, places = top_mean(scores, truth, weights, 7), good_positions(scores, truth, weights, 0.1)
    for column in range(41):
        drawn = np.repeat(np.arange(30), weights[:, column].astype(int))
        order = drawn[np.argsort(-scores[drawn], kind="stable")]
        assert top[column] == pytest.approx(truth[order[:7]].mean())
        good = truth[order] >= truth[drawn].max() - 0.1
        assert places[column] == 1 + np.flatnonzero(good)[0]


def test_among_equal_scores_the_good_one_may_be_last() -> None:
    one = np.ones((4, 1), dtype=np.float32)
    assert good_positions(np.array([2.0, 1.0, 1.0, 1.0]), np.array([0.1, 0.9, 0.2, 0.3]), one, 0.01)[0] == 4
    assert good_positions(np.array([2.0, 1.0, 1.0, 1.0]), np.array([0.1, 0.9, 0.9, 0.3]), one, 0.01)[0] == 3


def test_what_differs_by_just_the_tolerance_is_good() -> None:
    scores, one = np.array([2.0, 1.0]), np.ones((2, 1), dtype=np.float32)
    for best in range(100, 1000):
        truth = np.array([(best - 5) / 1000, best / 1000])
        assert good_positions(scores, truth, one, 0.005)[0] == 1
        assert good_positions(scores, truth - [1e-6, 0], one, 0.005)[0] == 2


def test_figures() -> None:
    truth = np.linspace(0.5, 0.9, 30)
    scores = truth.copy()
    scores[10] = 1.0  # the pick
    found = pick_figures(scores, truth, multiplicities(30, 200, 0), 0.9)
    assert found.best == 0.9 and found.top_count == 10
    assert found.regret.value == pytest.approx(0.9 - truth[10]) and found.regret.low == 0.0
    assert found.random_mean.value == pytest.approx(truth.mean())
    assert found.random_regret.value == pytest.approx(0.9 - truth.mean())
    assert found.top_mean.value == pytest.approx((truth[-9:].sum() + truth[10]) / 10)
    assert pick_figures(scores[:5], truth[:5], multiplicities(5, 60, 0), 0.9).top_count == 1
    assert pick_figures(scores[:4], truth[:4], multiplicities(4, 60, 0), 0.9).regret.value is None
