"""The Gaussian process over words: it interpolates, generalises, and reads the order of scores alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.controller.process import WordProcess, _told, normal_scores
from bnao.controller.scores import pairwise_accuracy
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

GRAMMAR = NaoCellGrammar(nodes=5, num_operations=5)
Landscape = Callable[[Sequence[Architecture]], NDArray[np.float64]]


def words_of(architectures: Sequence[Architecture]) -> NDArray[np.int64]:
    return np.array([GRAMMAR.encode(GRAMMAR.canonical(a)) for a in architectures])


def test_it_learns_an_additive_landscape_from_few_scores(additive: Landscape) -> None:
    pool = GRAMMAR.sample_distinct(60, np.random.default_rng(0))
    others = GRAMMAR.sample_distinct(200, np.random.default_rng(9), {a.id for a in pool})
    judge = WordProcess(words_of(pool), additive(pool), GRAMMAR.num_words)
    assert pairwise_accuracy(judge.mean(words_of(others)), additive(others)) > 0.8
    chosen = judge.choose(words_of(others), 10)
    assert len(set(chosen)) == 10
    assert additive([others[k] for k in chosen]).mean() > additive(others).mean() + additive(others).std()


def test_the_order_of_scores_is_all_that_counts(additive: Landscape) -> None:
    pool = GRAMMAR.sample_distinct(30, np.random.default_rng(0))
    scores, words = additive(pool), words_of(pool)
    stretched = np.where(scores == scores.min(), -1e300, np.exp(scores))
    one, other = (WordProcess(words, each, GRAMMAR.num_words) for each in (scores, stretched))
    assert (one.mean(words) == other.mean(words)).all()


def test_normal_scores_are_symmetric_and_ties_are_equal() -> None:
    assert normal_scores(np.zeros(5)).tolist() == [0.0] * 5
    scores = normal_scores(np.array([3.0, 1.0, 2.0, 2.0]))
    np.testing.assert_allclose(scores, [1.1503, -1.1503, 0.0, 0.0], atol=1e-4)


def test_a_batch_does_not_ask_the_same_thing_twice() -> None:
    """A twin of the first choice has nothing left to tell: a more uncertain one is chosen in its place."""
    words = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2], [0, 0, 1, 1]])
    judge = WordProcess(words, np.array([0.1, 0.9, 0.2, 0.5]), num_words=3)
    first, second = judge.choose(np.array([[1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 2, 1], [0, 0, 0, 2]]), 2)
    assert first in (0, 1, 2) and {first, second} != {0, 1}


@pytest.mark.parametrize("count", [1, 2])
def test_hardly_any_scores_do(count: int) -> None:
    words = words_of(GRAMMAR.sample_distinct(count, np.random.default_rng(0)))
    judge = WordProcess(words, np.arange(float(count)), GRAMMAR.num_words)
    others = words_of(GRAMMAR.sample_distinct(9, np.random.default_rng(1)))
    assert np.isfinite(judge.mean(others)).all()
    assert sorted(judge.choose(others, 9)) == list(range(9)) and judge.choose(others, 0) == []


def test_doubled_rows_and_large_pools_are_no_trouble(additive: Landscape) -> None:
    pool = GRAMMAR.sample_distinct(400, np.random.default_rng(0)) * 2
    judge = WordProcess(words_of(pool), additive(pool), GRAMMAR.num_words)
    assert pairwise_accuracy(judge.mean(words_of(pool)), additive(pool)) > 0.9


def test_of_very_many_scores_the_best_and_some_of_the_others_are_learned(
    additive: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bnao.controller.process.MOST_SCORED", 80)
    pool = GRAMMAR.sample_distinct(400, np.random.default_rng(0))
    scores = additive(pool)
    assert len(told := _told(normal_scores(scores))) == 80 == len(set(told.tolist()))
    assert set(np.argsort(-scores)[:40]) <= set(told.tolist()) and int(scores.argmin()) in told
    judge = WordProcess(words_of(pool), scores, GRAMMAR.num_words)
    others = GRAMMAR.sample_distinct(200, np.random.default_rng(9), {a.id for a in pool})
    assert pairwise_accuracy(judge.mean(words_of(others)), additive(others)) > 0.8
