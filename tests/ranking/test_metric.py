"""Truths that are no accuracies: other units, lower is better."""

from __future__ import annotations

import numpy as np
import pytest
from tests.ranking.conftest import sample

from bnao.errors import SettingError
from bnao.objective import MetricInfo
from bnao.ranking import report
from bnao.ranking.good import good_enough

MSE = MetricInfo(name="mse", higher_is_better=False, is_share=False)
ERROR = MetricInfo(name="error", higher_is_better=False)


def test_an_error_is_judged_as_the_accuracy_it_belongs_to() -> None:
    s = sample(60, 0, score_noise=0.3, size_noise=2.0)
    right = report(s.scores, s.truth, s.sizes, resamples=100)
    wrong = report(s.scores, 1 - s.truth, s.sizes, metric=ERROR, resamples=100)
    ours, theirs = right.score.overall.kendall, wrong.score.overall.kendall
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high))
    assert right.verdict.kind == wrong.verdict.kind and right.verdict.top == wrong.verdict.top
    assert "stand-alone error (lower is better" in wrong.verdict.text
    pick, other = right.score.pick, wrong.score.pick
    assert other.best == pytest.approx(1 - pick.best) and other.regret.value == pytest.approx(pick.regret.value)
    mean = other.top_mean
    assert mean.value == pytest.approx(1 - pick.top_mean.value)
    assert mean.low <= mean.value <= mean.high


@pytest.mark.parametrize("factor", [1.0, 1000.0])
def test_a_verdict_on_other_metrics_knows_no_units(factor: float) -> None:
    s = sample(60, 0, score_noise=0.3, size_noise=2.0)
    loss = factor * (1.2 - s.truth)
    found = report(s.scores, loss, s.sizes, metric=MSE, resamples=100)
    plain = report(s.scores, 1.2 - s.truth, s.sizes, metric=MSE, resamples=100)
    assert (found.verdict.kind, found.verdict.top) == (plain.verdict.kind, plain.verdict.top)
    assert found.score.pick.best == pytest.approx(loss.min()) and found.score.pick.regret.value >= 0
    low, high = np.quantile(loss, [0.25, 0.75])
    assert good_enough(MSE, -loss).tolerance == pytest.approx((high - low) / 4)


def test_shares_stay_in_their_range_and_others_may_be_anything() -> None:
    values = [3.0, -2.0, 5.0, 7.5]
    with pytest.raises(SettingError, match=r"accuracies in \[0, 1\]"):
        report(values, values, [1, 2, 3, 4])
    with pytest.raises(SettingError, match=r"values of error in \[0, 1\]"):
        report(values, values, [1, 2, 3, 4], metric=ERROR)
    assert report(values, values, [1, 2, 3, 4], metric=MSE).num_architectures == 4
