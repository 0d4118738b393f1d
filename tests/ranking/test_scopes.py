"""Which pairs are compared."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from tests.ranking.conftest import sample

from bnao.ranking import report
from bnao.ranking.pair_sums import Near
from bnao.ranking.scopes import EXACT_PAIRS, num_pairs, scopes, size_rule, top_part


def test_equal_sizes_where_there_are_enough_of_them() -> None:
    truth = np.linspace(0.1, 0.9, 60)
    rule = size_rule(np.repeat([1e5, 2e5, 3e5], 20), truth)
    assert rule.kind == "equal" and rule.num_pairs == rule.num_equal_pairs == 3 * 190
    sizes = np.linspace(1e5, 1.1e5, 60)
    rule = size_rule(sizes, truth)
    near = sum(abs(a - b) <= 0.02 * max(a, b) for a, b in combinations(sizes, 2))
    assert rule.kind == "within_tolerance" and (rule.num_pairs, rule.num_equal_pairs) == (near, 0)


def test_the_edge_of_the_rule() -> None:
    sizes = np.array([1.0] * 8 + list(range(10, 200, 10)))  # 28 equal pairs, and another with each member more
    truth = np.linspace(0, 1, len(sizes))
    assert size_rule(sizes, truth).num_equal_pairs == 28 < EXACT_PAIRS
    assert size_rule(sizes, truth).kind == "within_tolerance"
    assert size_rule(np.append(sizes, 1.0), np.append(truth, 0.5123)).kind == "equal"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=25), st.sampled_from([0.5, 0.1]))
def test_top_part(values: list[int], share: float) -> None:
    truth = np.array(values) / 10
    count = int(np.ceil(share * len(values)))
    inside = top_part(truth, share)
    assert len(inside) >= count
    assert all(truth[i] >= sorted(truth)[-count] for i in inside)
    assert sum(truth > sorted(truth)[-count]) < count  # no more than ties at the edge above the share


def test_pairs_of_equal_truth_are_no_pairs() -> None:
    assert num_pairs(np.array([0.1, 0.1, 0.2])).num == 2
    assert num_pairs(np.zeros(0)).lacking.startswith("0 pairs")  # no best one was in the pool yet


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=3, max_size=9), st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_how_many_architectures_are_in_all_pairs(truth: list[int], sizes: list[int]) -> None:
    values, near = np.array(truth, dtype=float), Near(np.array(sizes[: len(truth)], dtype=float), 0.0)
    assert num_pairs(values).num_apart == len(truth) - max(map(truth.count, truth))
    found = num_pairs(values, near)
    within = [[t for t, size in zip(truth, sizes, strict=False) if size == own] for own in set(sizes[: len(truth)])]
    assert found.num_apart == sum(len(group) - max(map(group.count, group)) for group in within)
    assert found.num_architectures == sum(len(group) for group in within if len(set(group)) > 1)


def test_rho_rests_on_the_architectures_that_are_compared() -> None:
    truth, sizes = np.linspace(0.1, 0.9, 60), np.append(np.repeat([100.0, 200.0], 20), 1e3 * np.arange(1, 21))
    found = report(np.sin(40 * truth), truth, sizes, resamples=60).score
    assert (found.within_size.spearman.num, found.within_size.kendall.num) == (40, 2 * 190)
    assert found.overall.spearman.num == 60


def test_figures_in_each_scope_are_those_of_its_pairs() -> None:
    s = sample(120, 3)
    found = report(s.scores, s.truth, s.sizes, resamples=60).score
    for name in ("top_half", "top_tenth"):
        members = scopes(s.truth, s.sizes, size_rule(s.sizes, s.truth))[name].members_Q
        expected = kendalltau(s.scores[members], s.truth[members]).statistic
        assert getattr(found, name).kendall.value == pytest.approx(expected)
        assert getattr(found, name).spearman.num == len(members) == {"top_half": 60, "top_tenth": 12}[name]
    agree, pairs = 0.0, 0
    for i, j in combinations(range(120), 2):
        if s.sizes[i] == s.sizes[j] and s.truth[i] != s.truth[j]:
            agree += np.sign((s.scores[i] - s.scores[j]) * (s.truth[i] - s.truth[j]))
            pairs += 1
    assert found.within_size.kendall.value == pytest.approx(agree / pairs)
    assert found.within_size.kendall.num == pairs
