"""Chains as texts, tokens and ranks; identity modulo where the skipped layers of a run stand."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.errors import ArchitectureError, SettingError
from bnao.rng import generator
from bnao.spaces.mobile.grammar import MobileGrammar
from bnao.testing.policies import check_frequencies
from bnao.testing.spaces import check_grammar

CASES: list[tuple[tuple[int, ...], str, int]] = [
    ((3,), "000", 2),
    ((3,), "111", 1),
    ((2, 2), "0101", 2),
    ((2, 1, 2), "01101", 2),  # a run across stages
    ((4, 1), "11110", 3),
    ((1, 1), "10", 1),
    ((1, 4), "01111", 3),
]


def grammar_of(depths: tuple[int, ...], may: str, blocks: int) -> MobileGrammar:
    return MobileGrammar(depths=depths, skippable=[flag == "1" for flag in may], num_blocks=blocks)


def network(grammar: MobileGrammar, tokens: tuple[int, ...]) -> tuple[Any, ...]:
    """What is built: the block of each layer that stands, and the sequence of blocks of each run of the others."""
    parts: list[Any] = []
    for position, (token, skippable) in enumerate(zip(tokens, grammar.skippable, strict=True)):
        if not skippable:
            parts.append(token)
        else:
            if position == 0 or not grammar.skippable[position - 1]:
                parts.append([])
            parts[-1] += [token] if token else []
    return tuple(tuple(part) if isinstance(part, list) else part for part in parts)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ids_are_networks(case: tuple[tuple[int, ...], str, int]) -> None:
    """Over all token sequences: equal id means equal network, and the count is the number of networks."""
    grammar = grammar_of(*case)
    legal = [range(0 if may else 1, grammar.num_blocks + 1) for may in grammar.skippable]
    forms: dict[str, set[tuple[Any, ...]]] = {}
    for tokens in product(*legal):
        one = grammar.architecture(tokens)
        forms.setdefault(one.id, set()).add(network(grammar, tokens))
        assert network(grammar, one.canonical) == network(grammar, tokens)
    networks = [found for forms_of in forms.values() for found in forms_of]
    assert len(networks) == len(set(networks)) == len(forms) == grammar.count()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ranks_draws_and_the_suite(case: tuple[tuple[int, ...], str, int]) -> None:
    grammar = grammar_of(*case)
    listed = [grammar.nth(rank) for rank in range(grammar.count())]
    assert len({a.id for a in listed}) == grammar.count() and all(a.is_canonical for a in listed)
    assert all(a == grammar.architecture(a.tokens) and a.id == grammar.architecture(a.tokens).id for a in listed)
    drawn = grammar.sample(40 * grammar.count(), generator(1))
    check_frequencies(drawn, {a.id: 1.0 for a in listed})
    assert {a.id for a in grammar.sample_distinct(grammar.count() + 1, generator(1))} == {a.id for a in listed}
    check_grammar(grammar, num=20)


def test_shuffle_is_uniform_among_forms_and_mutate_among_neighbours() -> None:
    grammar = grammar_of((1, 4), "01111", 2)
    one = grammar.parse("1 | 2 1 0 0")
    forms = Counter(str(grammar.shuffle(one, generator(0, k))) for k in range(3000))
    assert len(forms) == 6 and "1 | 0 2 0 1" in forms and "1 | 0 1 0 2" not in forms
    assert all(abs(number - 500) < 100 for number in forms.values())
    mutants = [grammar.mutate(one, generator(1, k)) for k in range(4000)]
    assert all(m.id != one.id for m in mutants)
    expected = {"2 | 2 1 0 0": 0.2}
    for k, (token, others) in enumerate(((2, (0, 1)), (1, (0, 2)), (0, (1, 2)), (0, (1, 2)))):
        for other in others:
            tokens = [1, 2, 1, 0, 0]
            assert tokens[k + 1] == token
            tokens[k + 1] = other
            expected[str(grammar.architecture(tokens))] = 0.1
    check_frequencies(mutants, expected, key=str)


def test_a_run_with_more_fillings_than_64_bits() -> None:
    grammar = grammar_of((40, 2), "0" + "1" * 39 + "01", 9)
    assert grammar.count() == 9 * sum(9**m for m in range(40)) * 9 * 10 > 2**63
    for rank in (0, 1, 2**64 + 5, grammar.count() - 1):
        assert grammar.nth(rank).is_canonical
    assert str(grammar.nth(0)) == "1" + " 0" * 39 + " | 1 0"
    assert str(grammar.nth(grammar.count() - 1)) == "9" + " 9" * 39 + " | 9 9"
    full = [a.tokens.count(0) for a in grammar.sample(900, generator(0))]
    assert 40 < sum(zeros > 0 for zeros in full) < 320  # about 1 in 9 has a shorter run, 1 in 10 a last identity


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_round_trips(data: Any) -> None:
    depths = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    may = data.draw(st.lists(st.booleans(), min_size=sum(depths), max_size=sum(depths)))
    grammar = MobileGrammar(depths=depths, skippable=may, num_blocks=data.draw(st.integers(2, 12)))
    tokens = [data.draw(st.integers(0 if flag else 1, grammar.num_blocks)) for flag in may]
    one = grammar.architecture(tokens)
    assert grammar.parse(str(one)) == one and grammar.decode(grammar.encode(one)) == one
    assert grammar.canonical(one).id == one.id and grammar.canonical(one).is_canonical
    assert str(one).count("|") == len(depths) - 1
    form = grammar.shuffle(one, generator(data.draw(st.integers(0, 99))))
    assert form.id == one.id and grammar.architecture(form.tokens).id == one.id
    rank = data.draw(st.integers(0, grammar.count() - 1))
    assert grammar.architecture(grammar.nth(rank).tokens) == grammar.nth(rank)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 0", ["2 stage(s)", "1 part(s)", "divide the stages by |"]),
        ("1 0 | 1 0 | 1", ["2 stage(s)", "3 part(s)"]),
        ("1 0 2 | 1 0", ["stage 1 has 2 tokens", "received 3", "one for each layer"]),
        ("1 0 | 1", ["stage 2 has 2 tokens", "received 1"]),
        ("1 0 | 0 1", ["layer 1 in stage 2", "1..3", "identity", "received 0 at token 3"]),
        ("1 4 | 1 0", ["layer 2 in stage 1", "0..3", "received 4 at token 2", "choose one"]),
        ("1 -1 | 1 0", ["whole numbers", "'-1'", "digits only"]),
        ("1 x | 1 0", ["whole numbers", "'x'"]),
        ("1 99999 | 1 0", ["3 at most", "fewer digits"]),
    ],
)
def test_texts_that_are_no_architecture(text: str, says: list[str]) -> None:
    with pytest.raises(ArchitectureError) as caught:
        grammar_of((2, 2), "0101", 3).parse(text)
    assert [words for words in says if words not in str(caught.value)] == [], str(caught.value)


def test_tokens_and_ranks_that_are_none() -> None:
    grammar = grammar_of((2, 2), "0101", 3)
    with pytest.raises(ArchitectureError, match="has 4 tokens, one for each layer; received 3"):
        grammar.architecture([1, 1, 1])
    for rank in (-1, grammar.count()):
        with pytest.raises(ArchitectureError, match=f"below count.., {grammar.count()}; received {rank}"):
            grammar.nth(rank)
    with pytest.raises(SettingError, match="at least two architectures"):
        grammar_of((2,), "00", 1)
