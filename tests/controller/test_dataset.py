"""Copies keep ids, nothing leaks into the held-out part."""

from __future__ import annotations

import numpy as np
import torch

from bnao.controller.nao.dataset import HoldOut, sequences, symmetric_copies
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

GRAMMAR = NaoCellGrammar(nodes=5, num_operations=5)


def test_copies_are_distinct_forms_of_one_id() -> None:
    rng = np.random.default_rng(0)
    for architecture in GRAMMAR.sample(20, rng):
        copies = symmetric_copies(GRAMMAR, architecture, 10, rng)
        assert copies[0] == architecture and len(copies) == 10
        assert {c.id for c in copies} == {architecture.id} and len({c.tokens for c in copies}) == 10


def test_fewer_forms_give_fewer_copies() -> None:
    grammar, rng = NaoCellGrammar(nodes=1, num_operations=2), np.random.default_rng(0)
    one_form = grammar.parse("0 0 0 0 | 1 1 1 1")
    assert symmetric_copies(grammar, one_form, 10, rng) == [one_form]
    assert len(symmetric_copies(grammar, grammar.parse("0 0 1 0 | 1 1 1 1"), 10, rng)) == 2


def test_sequences_hold_words_and_targets() -> None:
    pool = GRAMMAR.sample(5, np.random.default_rng(0))
    data = sequences(
        GRAMMAR, pool, np.linspace(0, 1, 5), copies=3, rng=np.random.default_rng(1), device=torch.device("cpu")
    )
    assert data.words_NT.shape == (15, 40)
    assert [GRAMMAR.decode(row).id for row in data.words_NT.tolist()] == [a.id for a in pool for _ in range(3)]
    assert data.targets_N[3:6].tolist() == [0.25] * 3


def test_an_id_stays_on_its_side_as_the_pool_grows() -> None:
    ids = [a.id for a in GRAMMAR.sample_distinct(500, np.random.default_rng(0))]
    hold_out = HoldOut()
    first = hold_out.split(ids[:200], 0.1, seed=1)
    second = hold_out.split(ids, 0.1, seed=2)
    assert first.sum() == 20 and second.sum() == 50
    assert (second[:200] == first).all()
    assert not hold_out.held & hold_out.trained


def test_copies_of_one_id_are_on_one_side() -> None:
    rng = np.random.default_rng(0)
    forms = [f for a in GRAMMAR.sample(30, rng) for f in symmetric_copies(GRAMMAR, a, 4, rng)]
    held = HoldOut().split([f.id for f in forms], 0.2, seed=0)
    assert held.any() and (held.reshape(30, 4).all(1) | ~held.reshape(30, 4).any(1)).all()


def test_small_pools_hold_out_a_quarter_and_tiny_ones_nothing() -> None:
    ids = [a.id for a in GRAMMAR.sample_distinct(40, np.random.default_rng(0))]
    assert HoldOut().split(ids, 0.1, seed=0).sum() == 10
    assert HoldOut().split(ids[:7], 0.1, seed=0).sum() == 0
    assert HoldOut().split(ids, 0.0, seed=0).sum() == 0


def test_a_pool_that_shrank_trains_on_what_was_held_out() -> None:
    ids = [a.id for a in GRAMMAR.sample_distinct(40, np.random.default_rng(0))]
    hold_out = HoldOut()
    held = [i for i, out in zip(ids, hold_out.split(ids, 0.1, seed=0), strict=True) if out]
    assert hold_out.split(held, 0.1, seed=0).sum() == 2
    assert hold_out.split(held[:1], 0.1, seed=0).sum() == 0
    assert not hold_out.held & hold_out.trained
