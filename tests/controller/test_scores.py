"""The check, the scale and the accuracy of scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnao.controller.scores import checked_scores, pairwise_accuracy, scaled
from bnao.errors import SettingError
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

POOL = NaoCellGrammar(nodes=5, num_operations=5).sample(3, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([0.1, float("nan"), 0.2], "received nan as score 2"),
        ([0.1, 0.2, float("-inf")], "received -inf as score 3"),
        ([0.1, 0.2], "each of 3 architectures has one score"),
        ([[0.1, 0.2, 0.3]], "each of 3 architectures has one score"),
        (["a", "b", "c"], "scores are numbers"),
        (None, "one score"),
    ],
)
def test_bad_scores_are_refused(scores: object, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        checked_scores(POOL, scores)  # type: ignore[arg-type]


def test_no_architectures_are_refused() -> None:
    with pytest.raises(SettingError, match="at least one"):
        checked_scores([], [])


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.05, 0.9]),
)
def test_scaled_stays_in_range_and_order(scores: list[float], quantile: float) -> None:
    targets = scaled(np.array(scores), quantile)
    assert targets.min() >= 0.0 and targets.max() <= 1.0
    order = np.argsort(scores)
    assert (np.diff(targets[order]) >= 0.0).all()


def test_one_diverged_network_does_not_flatten_the_scale() -> None:
    scores = np.append(np.linspace(0.5, 0.9, 99), -1e6)
    assert scaled(scores, 0.05).std() > 0.2
    assert scaled(scores, 0.0)[:99].std() < 1e-6


def test_ties_in_truth_make_no_pairs() -> None:
    truth = np.array([0.0, 1.0, 1.0, 1.0])
    assert pairwise_accuracy(np.array([0.0, 3.0, 1.0, 2.0]), truth) == 1.0
    assert pairwise_accuracy(np.zeros(4), truth) == 0.5
    assert np.isnan(pairwise_accuracy(np.arange(4.0), np.ones(4)))


def test_pairwise_accuracy_equals_the_definition() -> None:
    rng = np.random.default_rng(3)
    truth, predicted = rng.integers(6, size=20).astype(float), rng.normal(size=20)
    pairs = [(i, j) for i in range(20) for j in range(20) if truth[i] < truth[j]]
    assert pairwise_accuracy(predicted, truth) == pytest.approx(
        np.mean([predicted[i] < predicted[j] for i, j in pairs])
    )
