"""Intervals: how often they hold the true value, when there is none, and what two rankings have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ranking.conftest import sample

from bnao.errors import SettingError
from bnao.ranking import kendall, paired_difference, report
from bnao.ranking.bootstrap import Estimate, Pairs, estimate, multiplicities, pairs_estimate
from bnao.ranking.pair_sums import pair_sums
from bnao.ranking.perfect import kendall_limit
from bnao.ranking.scopes import num_pairs


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_they_hold_the_true_value_about_as_often_as_they_say(correlation: float) -> None:
    rng, held = np.random.default_rng(4), {"tau": 0, "rho": 0, "pairs": 0}
    tau, rho = 2 / np.pi * np.arcsin(correlation), 6 / np.pi * np.arcsin(correlation / 2)
    weights, trials = multiplicities(40, 300, 0), 150
    for _ in range(trials):
        truth = rng.standard_normal(40)
        scores = correlation * truth + np.sqrt(1 - correlation**2) * rng.standard_normal(40)
        sums = pair_sums(scores, truth, weights)
        for name, values, true in (
            ("tau", sums.kendall(), tau),
            ("rho", sums.spearman(), rho),
            ("pairs", sums.pairwise(), (tau + 1) / 2),
        ):
            low, high = np.quantile(values[1:], (0.05, 0.95))
            held[name] += low <= true <= high
    assert all(0.80 < count / trials < 0.97 for count in held.values()), held  # 90 % intervals


def test_not_given_with_the_reason() -> None:
    few, many = pairs_estimate(np.zeros(9), Pairs(6, 4, 3), 0.95), Pairs(100, 20, 15)
    assert few.value is few.low is few.high is None and "6 pairs" in few.reason and "10" in few.reason
    assert "1 pair of" in pairs_estimate(np.zeros(9), Pairs(1, 2, 1), 0.95).reason
    assert "4 architectures" in estimate(np.zeros(9), 4, 0.95).reason
    assert "tied" in pairs_estimate(np.full(9, np.nan), many, 0.95).reason
    rarely = np.array([0.5, 0.5, *[np.nan] * 7])
    assert pairs_estimate(rarely, many, 0.95).value is None
    assert str(few).startswith("not given") and not few.above_zero


@pytest.mark.parametrize(("num", "own", "needed"), [(11, 1, 4), (40, 2, 10), (40, 9, 10), (100, 14, 15)])
def test_nothing_is_said_where_nearly_all_truths_are_tied(num: int, own: int, needed: int) -> None:
    """Two networks above chance make 77 pairs with 38 at chance, and noise would order nearly all alike in a third."""
    rng, truth = np.random.default_rng(0), np.full(num, 0.1)
    truth[:own] += np.arange(1, own + 1) / 100
    found = report(rng.standard_normal(num), truth, np.ones(num), resamples=60)
    said = f"all but {own} of the {num} architectures compared have the same truth, {needed} with another are needed"
    assert found.score.overall.kendall.reason == found.score.overall.pairwise.reason == said
    assert found.verdict.kind == "undecided" and said in found.verdict.text
    assert paired_difference(rng.standard_normal(num), rng.standard_normal(num), truth).reason == said


@settings(max_examples=25, deadline=None)
@given(st.integers(5, 30), st.data())
def test_a_quarter_of_other_truths_is_enough_and_so_are_five_different_ones(num: int, data: st.DataObject) -> None:
    own = data.draw(st.integers(max(4, -(-num // 4)), num - 1))
    truth = np.full(num, 0.1)
    truth[:own] += np.arange(1, own + 1) / 100
    scores = np.random.default_rng(num).standard_normal(num)
    assert report(scores, truth, np.ones(num), resamples=60).score.overall.kendall.low is not None


def test_noise_is_rarely_told_from_chance_where_few_truths_differ() -> None:
    rng, truth, weights, shown = np.random.default_rng(1), np.full(40, 0.1), multiplicities(40, 200, 0), 0
    truth[:10] += np.arange(1, 11) / 100
    for _ in range(300):
        scores = rng.standard_normal(40)
        found = pairs_estimate(pair_sums(scores, truth, weights, ranks=False).kendall(), num_pairs(truth), 0.95)
        assert found.low is not None and found.high is not None
        shown += found.low > 0 or found.high < 0
    assert shown < 0.12 * 300


@pytest.mark.parametrize("num", [5, 8, 12])
def test_a_perfect_order_leaves_room_for_a_worse_one(num: int) -> None:
    """Samples of a ranking of tau 0.875 (NAS-Bench-201's two seeds) are perfect: of five in half, of twelve rarely."""
    found = report(np.arange(num), np.arange(num) / 20, np.ones(num), resamples=200).score.overall
    tau, rho, pairs = found.kendall, found.spearman, found.pairwise
    assert tau.value == tau.high == 1 and tau.low is not None and tau.low < 0.875
    assert (rho.low, pairs.low) == pytest.approx(((3 * tau.low - 1) / 2, (1 + tau.low) / 2))
    back = report(-np.arange(num), np.arange(num) / 20, np.ones(num), resamples=200).score.overall
    assert (back.kendall.low, back.kendall.high) == pytest.approx((-1, -tau.low))
    assert (back.spearman.high, back.pairwise.low, back.pairwise.high) == pytest.approx(
        (-(rho.low or 0), 0, 1 - (pairs.low or 0))
    )


def test_its_limit_is_where_a_perfect_order_is_rare() -> None:
    """By drawing orders: the next is put at the end, or k places before it with probability ``q ** k``."""
    limits = [kendall_limit(n * (n - 1) // 2, 0.9) for n in range(3, 30)]
    assert limits == sorted(limits) and limits[0] == 0 and limits[-1] < 1
    assert kendall_limit(45, 0.99) < kendall_limit(45, 0.95) < kendall_limit(54, 0.9) == kendall_limit(45, 0.9)
    q, rng, taus = 0.351, np.random.default_rng(0), []  # what ten at 95 % come to
    for _ in range(4000):
        order: list[int] = []
        for item in range(10):
            odds = q ** np.arange(item + 1)
            order.insert(item - int(rng.choice(item + 1, p=odds / odds.sum())), item)
        taus.append(kendall(order, np.arange(10)))
    assert np.mean(np.array(taus) == 1) == pytest.approx(0.025, abs=0.008)
    assert np.mean(np.array(taus)) == pytest.approx(kendall_limit(45, 0.95), abs=0.01)


def test_given_as_text() -> None:
    assert str(Estimate(0.612, -0.1, 0.7, 10)) == "0.61 (−0.10 to 0.70)"
    assert Estimate(0.6, 0.1, 0.7, 10).above_zero and not Estimate(0.6, 0.0, 0.7, 10).above_zero


def test_the_difference_of_two_rankings() -> None:
    s = sample(60, 1)
    worse = s.scores + np.random.default_rng(9).standard_normal(60)
    found = paired_difference(s.scores, worse, s.truth, resamples=400)
    own, other = kendall(s.scores, s.truth), kendall(worse, s.truth)
    assert own is not None and other is not None
    assert found.value == pytest.approx(own - other) and found.above_zero and found.num == 60 * 59 // 2
    back = paired_difference(worse, s.scores, s.truth, resamples=400)
    assert back.value == -found.value if found.value is not None else False
    assert (back.low, back.high) == pytest.approx((-(found.high or 0), -(found.low or 0)))
    same = paired_difference(s.scores, s.scores, s.truth, resamples=400)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_the_difference_within_equal_size() -> None:
    s = sample(80, 2)
    everywhere = paired_difference(s.scores, s.sizes, s.truth, resamples=200)
    within = paired_difference(s.scores, s.sizes, s.truth, sizes=s.sizes, resamples=200)
    assert everywhere.value is not None and within.value is None and "tied" in within.reason
    shifted = paired_difference(s.scores, s.scores + 9.0 * s.sizes, s.truth, sizes=s.sizes, resamples=200)
    assert shifted.value == pytest.approx(0.0)  # what differs between sizes does not count within them


def test_bad_input_of_the_difference() -> None:
    with pytest.raises(SettingError, match="scores_b has one number for each of the 3"):
        paired_difference([1, 2, 3], [1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(SettingError, match="confidence"):
        paired_difference([1, 2, 3], [1, 2, 3], [0.1, 0.2, 0.3], confidence=95)
