"""Draws without replacement: exhaustive, uniform, and unchanged in large spaces."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chisquare

import bnao.arch.grammar as grammar_module
from bnao.errors import ArchitectureError
from bnao.rng import generator
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

TINY = NaoCellGrammar(nodes=1, num_operations=1)  # 3 * 3 architectures
SMALL = NaoCellGrammar(nodes=1, num_operations=5)  # 55 * 55
LARGE = NaoCellGrammar(nodes=5, num_operations=5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("more", [0, 1, 1000])
def test_a_small_space_is_exhausted_exactly(seed, more):
    found = SMALL.sample_distinct(SMALL.count() + more, generator(seed))
    assert len(found) == len({a.id for a in found}) == SMALL.count() == 3025


def test_what_is_excluded_never_comes_and_all_else_does():
    everything = SMALL.sample_distinct(SMALL.count(), generator(0))
    exclude = [a.id for a in everything[:3000]]
    for n in (1, 24, 25, 26):
        found = SMALL.sample_distinct(n, generator(n), exclude)
        assert len(found) == len({a.id for a in found}) == min(n, 25)
        assert {a.id for a in found} <= {a.id for a in everything[3000:]}
    assert SMALL.sample_distinct(3, generator(0), [a.id for a in everything]) == []
    assert SMALL.sample_distinct(0, generator(0)) == []


@pytest.mark.parametrize("enumerable", [0, 100_000])
def test_small_draws_are_uniform_over_ordered_pairs(enumerable, monkeypatch):
    monkeypatch.setattr(grammar_module, "ENUMERABLE", enumerable)
    rng, left = generator(0), [a.id for a in map(TINY.nth, range(4))]
    drawn = Counter(tuple(a.id for a in TINY.sample_distinct(2, rng, left[3:])) for _ in range(5600))
    ids = [TINY.nth(k).id for k in range(9) if k != 3]
    assert set(drawn) == set(permutations(ids, 2))
    assert chisquare(list(drawn.values())).pvalue > 1e-3


def test_rejection_that_finds_nothing_more_is_completed(monkeypatch):
    monkeypatch.setattr(grammar_module, "ENUMERABLE", 0)
    for seed in range(3):
        found = SMALL.sample_distinct(SMALL.count(), generator(seed))
        assert len({a.id for a in found}) == len(found) == SMALL.count()


def test_draws_from_a_large_space_are_those_of_its_sample():
    rng = generator(7)
    first = LARGE.sample_distinct(40, rng)
    again = generator(7)
    assert first == LARGE.sample(40, again)
    assert rng.bit_generator.state == again.bit_generator.state


@pytest.mark.parametrize("nodes, operations", [(1, 1), (1, 3), (2, 1), (1, 5)])
def test_every_rank_is_another_architecture(nodes, operations):
    grammar = NaoCellGrammar(nodes=nodes, num_operations=operations)
    everything = [grammar.nth(k) for k in range(grammar.count())]
    assert len({a.id for a in everything}) == grammar.count()
    for a in everything[:: max(1, len(everything) // 50)]:
        assert a.is_canonical and grammar.architecture(a.tokens) == a and grammar.architecture(a.tokens).id == a.id
    assert {a.id for a in grammar.sample(200, np.random.default_rng(0))} <= {a.id for a in everything}


def test_ranks_reach_the_ends_of_a_large_space():
    last = LARGE.nth(LARGE.count() - 1)
    assert set(LARGE.nth(0).tokens) == {0}
    assert last.tokens[-4:] == (5, 4, 5, 4) and LARGE.architecture(last.tokens) == last
    for rank in (-1, LARGE.count()):
        with pytest.raises(ArchitectureError, match="ranks are whole numbers"):
            LARGE.nth(rank)
