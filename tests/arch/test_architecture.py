"""Architectures as values, and the NAO cell grammar."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.arch import Architecture
from bnao.errors import ArchitectureError, SettingError
from bnao.rng import generator
from bnao.spaces.nao_cell import PUBLISHED
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

SMALL = NaoCellGrammar(nodes=5, num_operations=5)


def test_swapped_inputs_are_the_same_network_on_other_weights() -> None:
    one = SMALL.parse(PUBLISHED)
    two = SMALL.parse("0 1 1 1" + PUBLISHED[7:])
    assert one != two and one.id == two.id and one.canonical == two.canonical
    assert str(one) == PUBLISHED and hash(one) == hash(SMALL.parse(PUBLISHED))
    assert len(one.id) == 16 and not one.is_canonical and SMALL.canonical(one).is_canonical


def test_ids_stay_the_same_in_every_version() -> None:
    assert SMALL.parse(PUBLISHED).id == "45acae746931e203"


def test_parts_are_part_of_the_id() -> None:
    assert Architecture((0, 1), (0, 1), (1, 1)).id != Architecture((0, 1), (0, 1), (2,)).id
    assert str(Architecture((0, 1), (0, 1), (1, 1))) == "0 | 1"


@pytest.mark.parametrize("nodes, operations", [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)])
def test_count_equals_brute_force(nodes: int, operations: int) -> None:
    grammar = NaoCellGrammar(nodes=nodes, num_operations=operations)
    limits = [limit for node in range(nodes) for limit in (node + 2, operations) * 2]
    cell = {grammar.architecture((*t, *t)).canonical[: 4 * nodes] for t in product(*map(range, limits))}
    assert grammar.count() == len(cell) ** 2


def test_counts() -> None:
    assert SMALL.count() == 209_459_250_000**2
    assert NaoCellGrammar(nodes=5, num_operations=10).count() == (210 * 465 * 820 * 1275 * 1830) ** 2


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 10))
@settings(deadline=None, max_examples=60)
def test_draws_are_legal_and_lead_back(seed: int, nodes: int, operations: int) -> None:
    grammar = NaoCellGrammar(nodes=nodes, num_operations=operations)
    rng = generator(seed)
    for one in grammar.sample(5, rng):
        mutant = grammar.mutate(one, rng)
        assert sum(a != b for a, b in zip(one.tokens, mutant.tokens, strict=True)) == 1
        for a in (one, grammar.shuffle(one, rng), mutant):
            assert grammar.architecture(a.tokens) == a and grammar.architecture(a.tokens).canonical == a.canonical
            assert grammar.parse(str(a)).id == a.id and grammar.decode(grammar.encode(a)) == a


def test_shuffle_is_uniform_over_a_class() -> None:
    grammar = NaoCellGrammar(nodes=1, num_operations=2)
    one = grammar.parse("0 0 1 1 | 0 1 1 0")
    forms, counts = np.unique([str(grammar.shuffle(one, generator(i))) for i in range(800)], return_counts=True)
    assert len(forms) == 4 and counts.min() > 150


def test_distinct_draws_exhaust_a_small_space() -> None:
    grammar = NaoCellGrammar(nodes=1, num_operations=2)
    found = grammar.sample_distinct(1000, generator(0))
    assert len(found) == len({a.id for a in found}) == grammar.count() == 100
    rest = grammar.sample_distinct(1000, generator(1), exclude=[a.id for a in found[:90]])
    assert {a.id for a in rest} == {a.id for a in found[90:]}


@pytest.mark.parametrize(
    "text, message",
    [
        ("0 0 0 0", "received 1 part"),
        ("0 0 0 0 | 0 0 0 0 | 0 0 0 0", "received 3 part"),
        ("0 0 0 | 0 0 0 0", "the normal cell has 4 tokens; received 3"),
        ("0 0 0 0 | 0 0 0 0 0", "the reduction cell has 4 tokens; received 5"),
        ("0 0 x 0 | 0 0 0 0", "received 'x'"),
        ("0 0 -1 0 | 0 0 0 0", "received '-1'"),
        ("0 0 ² 0 | 0 0 0 0", "whole numbers"),
        ("0 0 2 0 | 0 0 0 0", "inputs of state 2 in the normal cell are 0..1; received 2 at token 3"),
        ("0 0 0 0 | 0 2 0 0", "operations of state 2 in the reduction cell are 0..1; received 2 at token 6"),
        ("0 0 99999 0 | 0 0 0 0", "whole numbers"),
    ],
)
def test_errors_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ArchitectureError, match=message):
        NaoCellGrammar(nodes=1, num_operations=2).parse(text)


def test_impossible_grammars_are_refused() -> None:
    for nodes, operations in ((0, 5), (5, 0)):
        with pytest.raises(SettingError):
            NaoCellGrammar(nodes=nodes, num_operations=operations)
