"""What to train next: unseen, feasible, the same again, and led by what the trainings say."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from bnao.arch import Architecture
from bnao.controller.next_to_train import next_to_train
from bnao.controller.process import WordProcess
from bnao.cost.feasible import FeasibleSpace
from bnao.spaces.nao_cell.grammar import NaoCellGrammar
from bnao.spaces.nasbench201.grammar import NasBench201Grammar

GRAMMAR = NasBench201Grammar()
SPACE = FeasibleSpace(GRAMMAR)


def worth(architecture: Architecture) -> float:
    """A sum over places, so neighbours and counts tell something."""
    weights = np.random.default_rng(5).normal(size=(6, 5))
    return float(sum(weights[place, token] for place, token in enumerate(GRAMMAR.canonical(architecture).tokens)))


def ask(num_trained: int, n: int, *, seed: int = 0, utilities=None):
    rng = np.random.default_rng(seed)
    pool = SPACE.sample_distinct(120, rng)
    scores = np.array([worth(a) for a in pool]) + rng.normal(size=len(pool))
    trained = [pool[k] for k in np.argsort(-scores)[:num_trained]]
    if utilities is None:
        utilities = np.array([worth(a) for a in trained])
    found = next_to_train(pool, scores, trained, utilities, n, GRAMMAR, SPACE, np.random.default_rng(seed))
    return pool, trained, found


def test_new_distinct_and_the_same_again():
    pool, trained, found = ask(10, 12)
    ids = [a.id for a in found.architectures]
    assert len(set(ids)) == 12 and not set(ids) & {a.id for a in trained}
    assert set(found.origins) <= {"pool", "mutation"}
    assert ids == [a.id for a in ask(10, 12)[2].architectures]
    in_pool = {a.id for a in pool}
    assert [a.id in in_pool for a in found.architectures] == [origin == "pool" for origin in found.origins]


def test_better_than_what_the_scores_would_train_next():
    gains = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        pool, trained, found = ask(10, 10, seed=seed)
        scores = {a.id: 0.0 for a in trained}
        rest = [a for a in pool if a.id not in scores]
        by_chance = [worth(rest[k]) for k in rng.permutation(len(rest))[:10]]
        gains.append(np.mean([worth(a) for a in found.architectures]) - np.mean(by_chance))
    assert min(gains) > 0


@pytest.mark.parametrize("seed", range(4))
def test_a_score_that_seems_wrong_among_the_best_does_not_lead_to_the_worst(seed):
    """Of eight trainings each worse than the one before, a line through them rises towards the last by score."""
    pool, trained, found = ask(8, 8, seed=seed, utilities=np.arange(8.0))
    scores = {a.id: k for k, a in enumerate(pool)}
    _, _, again = ask(8, 60, seed=seed, utilities=np.arange(8.0))
    rng = np.random.default_rng(seed)
    assert [a.id for a in SPACE.sample_distinct(120, rng)] == list(scores)
    by_score = np.argsort(-(np.array([worth(a) for a in pool]) + rng.normal(size=len(pool))))
    worse = {pool[k].id for k in by_score[60:]}
    for proposals in (found, again):
        from_pool = {
            a.id for a, origin in zip(proposals.architectures, proposals.origins, strict=True) if origin == "pool"
        }
        assert not from_pool & worse
    assert {a.id for a in trained} == {pool[k].id for k in by_score[:8]}


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_a_diverged_training_is_the_worst_and_no_more(bad):
    values = np.linspace(0.0, 1.0, 10)
    worst = values.copy()
    values[3], worst[3] = bad, 0.0
    assert ask(10, 5, utilities=values)[2].architectures == ask(10, 5, utilities=worst)[2].architectures


def test_one_training_and_nothing_finite_are_enough():
    assert len(ask(1, 5)[2].architectures) == 5
    assert len(ask(3, 5, utilities=np.full(3, np.nan))[2].architectures) == 5


def test_what_is_left_of_a_space_and_then_nothing():
    grammar = NaoCellGrammar(nodes=1, num_operations=3)
    space = FeasibleSpace(grammar)
    every = space.sample_distinct(1000, np.random.default_rng(0))
    scores = np.arange(float(len(every)))
    left = next_to_train(every, scores, every[:-3], scores[:-3], 5, grammar, space, np.random.default_rng(0))
    assert {a.id for a in left.architectures} == {a.id for a in every[-3:]}
    none = next_to_train(every, scores, every, scores, 5, grammar, space, np.random.default_rng(0))
    assert none.architectures == []


def test_a_cheaper_process_helps_where_it_knows_and_does_no_harm_where_it_does_not():
    rng = np.random.default_rng(0)
    every = SPACE.sample_distinct(400, rng)
    words = np.array([GRAMMAR.encode(GRAMMAR.canonical(a)) for a in every])
    truth = np.array([worth(a) for a in every])
    known, fresh = slice(0, 12), slice(200, 400)

    def agreement(cheaper: WordProcess | None) -> float:
        judge = WordProcess(words[known], truth[known], GRAMMAR.num_words, cheaper)
        return float(spearmanr(judge.mean(words[fresh]), truth[fresh]).statistic)

    telling = WordProcess(words[:200], truth[:200] + 0.3 * rng.normal(size=200), GRAMMAR.num_words)
    noise = WordProcess(words[:200], rng.normal(size=200), GRAMMAR.num_words)
    assert agreement(telling) > agreement(None) + 0.1
    assert agreement(noise) > agreement(None) - 0.15
