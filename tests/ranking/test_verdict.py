"""Each rule of the verdict on a constructed case, and its error rate."""

from __future__ import annotations

import numpy as np
import pytest
from tests.ranking.conftest import sample

from bnao.errors import SettingError
from bnao.ranking import Estimate, VerdictErrors, report, verdict_error_rates
from bnao.ranking.bootstrap import missing, quarters
from bnao.ranking.verdict import KINDS, Reach, Rival, Verdict, decide

GOOD = Estimate(0.7, 0.6, 0.8, 780)
AHEAD = Rival(Estimate(0.5, 0.3, 0.6, 780), Estimate(0.2, 0.1, 0.3, 780))
BEHIND = Rival(Estimate(0.72, 0.6, 0.8, 780), Estimate(-0.02, -0.1, 0.06, 780))
FIRST, FIFTH, LAST = Reach(1, 40, 0.99), Reach(5, 40, 0.4), Reach(30, 40, 0.1)


def tau(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 780)


def test_trust() -> None:
    found = decide(GOOD, {"size": AHEAD}, FIRST)
    assert (found.kind, found.headline, found.top, found.share) == ("trust", "trust it", 1, 1 / 40)
    assert "0.70 (0.60 to 0.80)" in found.text and "the number of parameters" in found.text and "99 %" in found.text


def test_rerank() -> None:
    found = decide(GOOD, {"size": AHEAD}, FIFTH)
    assert (found.kind, found.headline, found.top, found.share) == ("rerank", "re-rank the top 5 of 40", 5, 0.125)
    assert decide(GOOD, {"size": AHEAD}, Reach(1, 40, 0.93)).top == 2  # not sure enough of the first


def test_good_on_the_whole_but_not_at_the_top() -> None:
    found = decide(GOOD, {"size": AHEAD}, LAST)
    assert found.kind == "undecided" and "no help at the top" in found.text and found.top is None


def test_size_does_as_well() -> None:
    found = decide(GOOD, {"size": BEHIND, "live_size": AHEAD}, FIRST)
    assert found.kind == "size_does_as_well" and found.rival == "size"
    assert found.headline == "a size count does as well" and "helps" not in found.text
    fit = decide(GOOD, {"op_counts_fit": BEHIND}, FIRST, AHEAD)
    assert fit.headline == "a fit on operation counts does as well" and "still helps" in fit.text
    assert "still helps" not in decide(GOOD, {"op_counts_fit": BEHIND}, FIRST, BEHIND).text


def test_ahead_but_not_shown() -> None:
    unclear = Rival(Estimate(0.5, 0.3, 0.6, 780), Estimate(0.15, -0.05, 0.35, 780))
    assert decide(GOOD, {"size": unclear}, FIRST).kind == "undecided"
    small = Rival(Estimate(0.65, 0.3, 0.8, 780), Estimate(0.05, -0.05, 0.15, 780))
    assert decide(GOOD, {"size": small}, FIRST).kind == "size_does_as_well"


def test_the_strongest_rival_decides_and_one_that_cannot_be_compared_does_not() -> None:
    constant = Rival(missing(780, "tied"), missing(780, "tied"))
    assert decide(GOOD, {"size": constant, "live_size": AHEAD}, FIRST).rival == "live_size"
    alone = decide(GOOD, {"size": constant}, FIRST)
    assert alone.kind == "trust" and alone.rival is None and "No trivial ranking" in alone.text


@pytest.mark.parametrize(
    ("low", "high", "words"), [(-0.2, 0.3, "not shown to be better"), (-0.5, -0.1, "worse than chance")]
)
def test_worthless(low: float, high: float, words: str) -> None:
    found = decide(tau(low, high), {"size": AHEAD}, FIRST)
    assert found.kind == "worthless" and words in found.text


def test_too_little_to_say() -> None:
    assert decide(tau(-0.1, 0.7), {"size": AHEAD}, FIRST).kind == "undecided"
    nothing = decide(missing(3, "3 pairs of unequal truth, 10 are needed"), {}, FIRST)
    assert nothing.kind == "undecided" and "3 pairs" in nothing.text


def test_more_architectures_are_asked_for_only_where_there_are_more() -> None:
    assert "Train more architectures alone." in decide(tau(-0.1, 0.7), {}, FIRST).text
    for found in (tau(-0.1, 0.7), missing(3, "3 pairs of unequal truth, 10 are needed")):
        text = decide(found, {}, FIRST, whole=True).text
        assert "Train more" not in text and "a larger pool" in text


@pytest.mark.parametrize("found", [tau(-0.2, 0.3), tau(-0.1, 0.7)])
def test_a_truth_that_is_noise_is_told(found: Estimate) -> None:
    told = "train them longer alone"
    assert told in decide(found, {}, FIRST, seeds=tau(-0.3, 0.9)).text
    assert told not in decide(found, {}, FIRST, seeds=tau(0.1, 0.9)).text + decide(found, {}, FIRST).text
    assert told not in decide(found, {}, FIRST, seeds=missing(3, "3 pairs of unequal truth")).text


def test_where_a_blind_pick_is_as_good_the_score_is_not_praised() -> None:
    found = decide(GOOD, {"size": AHEAD}, Reach(1, 40, 1.0, blind=0.975))
    assert found.kind == "undecided" and "98 % of the sample are within" in found.text
    truth = 0.9 + 0.004 * np.random.default_rng(0).random(100)
    alike = report(truth, truth, np.arange(1, 101), resamples=100).verdict
    assert alike.kind == "undecided" and "hardly matters" in alike.text


@pytest.mark.parametrize(("noise", "seed", "kind"), [(0.02, 0, "trust"), (2.0, 0, "rerank"), (50.0, 0, "worthless")])
def test_from_samples(noise: float, seed: int, kind: str) -> None:
    s = sample(120, seed, score_noise=noise, size_noise=2.0)
    assert report(s.scores, s.truth, s.sizes, resamples=300).verdict.kind == kind


def test_a_score_that_only_knows_size() -> None:
    s = sample(120, 1)
    score = s.sizes + 0.1 * np.random.default_rng(0).standard_normal(120)
    assert report(score, s.truth, s.sizes, resamples=300).verdict.kind == "size_does_as_well"


@pytest.mark.parametrize("num", [20, 23, 27, 40])
def test_a_first_by_score_that_is_known_to_be_bad_is_not_trusted(num: int) -> None:
    """Few quarters hold both the first and the better one."""
    truth = np.linspace(0.60, 0.75, num)
    truth[-1] = 0.80
    score = np.arange(float(num))
    score[[-2, -1]] = score[[-1, -2]]
    for seed in range(4):
        found = report(score, truth, np.full(num, 5), resamples=200, seed=seed)
        regret = found.score.pick.regret.value
        assert regret is not None and regret > 0.05 and found.verdict.kind == "rerank"


def test_small_first_is_a_trivial_ranking_too() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.permutation(60) + 100.0
    truth = 0.9 - 0.001 * sizes + 0.01 * rng.standard_normal(60)
    found = report(truth + 0.03 * rng.standard_normal(60), truth, sizes, resamples=200)
    assert list(found.trivial) == ["smallest_size"]
    kendall = found.trivial["smallest_size"].figures.overall.kendall.value
    assert kendall is not None and kendall > 0.5
    assert found.verdict.kind == "size_does_as_well" and "the number of parameters, fewest first" in found.verdict.text


def test_error_rates() -> None:
    s = sample(300, 2, size_noise=2.0)
    noise = np.random.default_rng(0).random(300)
    found = verdict_error_rates(
        {"good": s.scores, "noise": noise, "size": s.sizes},
        s.truth,
        s.sizes,
        op_counts=s.counts,
        sample=30,
        draws=15,
        resamples=100,
    )
    assert list(found) == ["good", "noise", "size"]
    for rates in found.values():
        assert sum(rates.counts.values()) == rates.draws == 15 and set(rates.counts) == set(KINDS)
        assert rates.right + rates.wrong + rates.undecided == pytest.approx(1.0)
    assert found["noise"].whole.kind == "worthless" and found["noise"].right > 0.5
    assert found["size"].whole.kind == "size_does_as_well"
    assert found["good"].whole.kind in ("trust", "rerank") and found["good"].whole.share is not None
    again = verdict_error_rates(noise, s.truth, s.sizes, op_counts=s.counts, sample=30, draws=15, resamples=100)
    assert again["score"] == found["noise"]


def test_rates_of_an_undecided_table() -> None:
    counts = {"trust": 2, "rerank": 1, "size_does_as_well": 0, "worthless": 0, "undecided": 7}
    rates = VerdictErrors(Verdict("undecided", "undecided", ""), 40, 10, counts, None)
    assert (rates.right, rates.undecided, rates.wrong) == (0.7, 0.7, 0.3)


def test_bad_samples() -> None:
    with pytest.raises(SettingError, match="3 to 9"):
        verdict_error_rates(range(10), np.linspace(0, 1, 10), range(10), sample=10)
    with pytest.raises(SettingError, match="at least one"):
        verdict_error_rates(range(10), np.linspace(0, 1, 10), range(10), sample=5, draws=0)
    with pytest.raises(SettingError, match="to judge"):
        verdict_error_rates({}, [0.1], [1])


def test_a_small_sample_whose_first_happens_to_be_good_is_not_trusted() -> None:
    s = sample(19, 0, score_noise=0.02, size_noise=2.0)
    assert quarters(19, 100, 0) is None
    assert report(s.scores, s.truth, s.sizes, resamples=300).verdict.kind != "trust"


def test_quarters() -> None:
    drawn = quarters(43, 50, 0)
    assert drawn is not None and drawn.shape == (43, 51) and set(np.unique(drawn)) == {0, 1}
    assert drawn[:, 0].all() and (drawn[:, 1:].sum(axis=0) == 10).all()
    assert len(np.unique(drawn[:, 1:], axis=1).T) == 50


def test_trust_is_rarely_given_where_the_first_is_often_wrong() -> None:
    """The first by score is good in about 83 % of samples; resamples of the whole gave trust in 28 % of them."""
    rng = np.random.default_rng(0)
    quality = rng.standard_normal(1500)
    truth = 0.944 - 0.02 * np.log1p(np.exp(0.3 - 1.2 * quality)) + 0.0015 * rng.standard_normal(1500)
    scores = 0.8 * quality + 0.6 * rng.standard_normal(1500)
    found = verdict_error_rates(scores, truth, rng.random(1500), sample=40, draws=60, resamples=100)["score"]
    assert found.whole.kind == "rerank" and found.counts["trust"] <= 9 and found.counts["rerank"] >= 30
