"""Point figures against scipy and against loops over pairs."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, rankdata, spearmanr

from bnao.ranking import kendall, midranks, pairwise_accuracy, spearman

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=14)
quick = settings(max_examples=60, deadline=None)


def constant(values: list[float]) -> bool:
    return len(set(values)) == 1


@quick
@given(PAIRS)
def test_as_scipy(pairs: list[tuple[float, float]]) -> None:
    a, b = (list(map(float, side)) for side in zip(*pairs, strict=True))
    assert midranks(a).tolist() == rankdata(a).tolist()
    if constant(a) or constant(b):
        assert kendall(a, b) is None and spearman(a, b) is None
        return
    assert kendall(a, b) == pytest.approx(kendalltau(a, b).statistic, abs=1e-12)
    assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


@quick
@given(PAIRS)
def test_pairwise_accuracy_is_a_count_of_pairs(pairs: list[tuple[float, float]]) -> None:
    right = [
        1.0 if (a - c) * (b - d) > 0 else 0.5 if a == c else 0.0 for (a, b), (c, d) in combinations(pairs, 2) if b != d
    ]
    scores, truth = zip(*pairs, strict=True)
    found = pairwise_accuracy(scores, truth)
    assert found == (pytest.approx(np.mean(right)) if right else None)


def test_many_values_are_taken_in_blocks() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 200, 1300).astype(float)
    b = a + rng.integers(0, 200, 1300)
    assert kendall(a, b) == pytest.approx(kendalltau(a, b).statistic, abs=1e-9)


def test_equal_orders_give_exactly_one() -> None:
    values = np.random.default_rng(0).random(57)
    assert kendall(values, values**3) == spearman(values, values**3) == 1.0
    assert kendall(values, -values) == spearman(values, -values) == -1.0


def test_too_few_and_nan() -> None:
    assert kendall([1, 2], [1, 2]) is None and spearman([1, 2], [1, 2]) is None
    assert pairwise_accuracy([1], [1]) is None
    for figure in (kendall, spearman, pairwise_accuracy):
        found = figure([1, 2, math.nan], [1, 2, 3])
        assert found is not None and math.isnan(found)
    assert spearman([-math.inf, 0, 1], [1, 2, 3]) == 1.0  # an infinite score has a rank
