"""What random choice would reach at equal total compute, against simulation."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from bnao.loop.result import SearchResult
from bnao.report.equal_compute import EqualCompute, equal_compute, expected_best, normal_maximum, sentence

VALUES = [0.61, 0.66, 0.64, 0.7, 0.64]
Make = Callable[..., SearchResult]


@pytest.mark.parametrize("m", range(1, 6))
def test_within_what_was_seen_it_is_exact(m: int) -> None:
    estimate, low, high = expected_best(VALUES, m)
    assert estimate == pytest.approx(np.mean([max(some) for some in combinations(VALUES, m)]), abs=1e-12)
    assert low <= estimate <= high


@pytest.mark.parametrize("m", [1, 2, 7, 300])
def test_maximum_of_normals(m: int) -> None:
    drawn = np.random.default_rng(0).standard_normal((20_000, m)).max(axis=1)
    assert normal_maximum(m) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / math.sqrt(20_000))


def test_maximum_of_very_many_normals() -> None:
    """It grows like sqrt(2 ln m), from below."""
    found = [normal_maximum(10**k) for k in range(1, 13)]
    assert found == sorted(found)
    assert 6.9 < found[-1] < math.sqrt(2 * math.log(10**12))


def test_interval_is_that_of_the_posterior() -> None:
    """Posterior by brute force: draws of (mu, log sigma) from a wide box, weighted by the likelihood."""
    m, k, rng = 40, len(VALUES), np.random.default_rng(1)
    mean, spread = np.mean(VALUES), np.std(VALUES, ddof=1)
    mu = rng.uniform(mean - 15 * spread, mean + 15 * spread, 1_000_000)
    log_sigma = rng.uniform(math.log(spread) - 2.5, math.log(spread) + 3.5, len(mu))
    squares = sum((value - mu) ** 2 for value in VALUES)
    weight = np.exp(-k * (log_sigma - math.log(spread)) - squares / (2 * np.exp(2 * log_sigma)))
    best = mu + np.exp(log_sigma) * normal_maximum(m)
    order = np.argsort(best)
    ends = np.cumsum(weight[order]) / weight.sum()
    expected = [best[order][np.searchsorted(ends, q)] for q in (0.5, 0.05, 0.95)]
    assert expected_best(VALUES, m) == pytest.approx(np.clip(expected, 0, 1), abs=0.005)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, m, truth = np.random.default_rng(2), 30, 0.5 + 0.02 * normal_maximum(30)
    held = [
        low <= truth <= high
        for _, low, high in (expected_best(rng.normal(0.5, 0.02, 6).tolist(), m) for _ in range(300))
    ]
    assert np.mean(held) == pytest.approx(0.9, abs=0.06)


def test_accuracies_stay_accuracies() -> None:
    for values in ([0.1, 0.9, 0.99], [0.0, 0.001, 0.3]):
        estimate, low, high = expected_best(values, 10_000)
        assert 0 <= low <= estimate <= high <= 1


def test_counts_the_time_of_the_search(make_result: Make) -> None:
    stages = {
        "data": 1.0,
        "supernet-1": 65.0,
        "scoring-1": 9.0,
        "controller-0": 4.0,
        "controller-1": 1.0,
        "rerank": 60.0,
    }
    equal = equal_compute(make_result(stage_seconds=stages))
    assert equal is not None
    assert (equal.seconds_search, equal.seconds_per_training) == (79.0, 12.0)
    assert (equal.num_random, equal.num_total, equal.extrapolated) == (5, 11, True)
    assert equal.searched_best == 0.7 and equal.low < equal.expected_best < equal.high
    assert equal == equal_compute(make_result(stage_seconds=stages))
    divided = equal_compute(make_result(stage_seconds=stages, processes=2))  # which train two networks at a time
    assert divided is not None and divided.num_total == 5 + 13
    short = equal_compute(make_result(stage_seconds={"supernet-1": 11.9}))
    assert short is not None and not short.extrapolated
    assert short.expected_best == max(t.valid_metric for t in make_result().trained if t.arm == "random")


def without(make_result: Make, arm: str, keep: int) -> SearchResult:
    trained = make_result().trained
    mine = [t for t in trained if t.arm == arm]
    return make_result(trained=[t for t in trained if t.arm != arm] + mine[:keep])


def changed(make_result: Make, **changes: Any) -> SearchResult:
    return make_result(trained=[replace(t, **changes) for t in make_result().trained])


def test_says_nothing_where_nothing_can_be_said(make_result: Make) -> None:
    assert equal_compute(without(make_result, "random", 3)) is not None
    for result in (
        without(make_result, "random", 2),
        without(make_result, "searched", 0),
        changed(make_result, valid_metric=0.5),
        changed(make_result, valid_metric=math.nan),
        changed(make_result, seconds=0.0),
        make_result(stage_seconds={}),
        make_result(stage_seconds={"supernet-1": math.nan}),
        make_result(trained=[]),
    ):
        assert equal_compute(result) is None


@pytest.mark.parametrize(
    ("searched", "said"), [(0.72, "cannot be told"), (0.8, "worth its time"), (0.6, "more random networks would")]
)
def test_sentence_says_the_verdict_and_its_limits(searched: float, said: str) -> None:
    equal = EqualCompute(
        seconds_search=444.0, seconds_per_training=12.0, num_random=5, num_total=42, expected_best=0.71, low=0.69,
        high=0.75, searched_best=searched, extrapolated=True,
    )  # fmt: skip
    text = sentence(equal)
    assert said in text and "37 more" in text and "only 5" in text and "normally" in text and "validation" in text
    verdicts = ("cannot be told", "worth its time", "more random networks would")
    assert sum(verdict in text for verdict in verdicts) == 1


def test_sentence_without_time_for_another_training() -> None:
    equal = EqualCompute(
        seconds_search=4.0, seconds_per_training=12.0, num_random=5, num_total=5, expected_best=0.71, low=0.69,
        high=0.75, searched_best=0.7, extrapolated=False,
    )  # fmt: skip
    assert "less time than one random training" in sentence(equal) and "cannot be told" in sentence(equal)
