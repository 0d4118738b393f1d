"""Random networks with nested, shared and repeated choices, against an enumeration that knows no conditions."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from bnao import OneOf, Repeat
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.spaces.own.catalogue import OwnCatalogue
from bnao.spaces.own.construction import Construction, construct
from bnao.spaces.own.covering import covering
from bnao.spaces.own.grammar import OwnGrammar
from bnao.spaces.own.open_choice import OpenChoice
from bnao.spaces.own.parameters import params_by_condition
from bnao.spaces.own.resolving import resolve_for_good, resolved
from bnao.testing.policies import check_frequencies
from bnao.testing.spaces import check_grammar


@dataclass(frozen=True)
class Spec:
    """A choice: its name, whether it is a Repeat, and what each option (or the block) holds; or an earlier module."""

    name: str | None
    repeat: bool
    contents: tuple[tuple[Spec, ...], ...]
    again: int | None = None


def specs(depth: int) -> st.SearchStrategy[Spec]:
    below = st.lists(specs(depth - 1), max_size=2).map(tuple) if depth else st.just(())
    named = {None: (2, 3), "a": (2, 2), "b": (3, 3)}
    return st.sampled_from(list(named)).flatmap(
        lambda name: st.builds(
            Spec,
            name=st.just(name),
            repeat=st.booleans(),
            contents=st.lists(below, min_size=named[name][0], max_size=named[name][1]).map(tuple),
            again=st.one_of(st.none(), st.none(), st.none(), st.integers(0, 5)),
        )
    )


@dataclass
class Maker:
    """Makes the modules of one network; ``made`` are those that may stand in it again."""

    made: list[nn.Module] = field(default_factory=list)
    size: int = 0

    def network(self, top: tuple[Spec, ...]) -> nn.Module:
        return nn.Sequential(nn.Linear(1, 1), *[self.choice(spec) for spec in top])

    def content(self, specs: tuple[Spec, ...]) -> nn.Module:
        self.size += 1
        return nn.Sequential(nn.Linear(1, self.size), *[self.choice(spec) for spec in specs])

    def choice(self, spec: Spec) -> nn.Module:
        if spec.again is not None and self.made:
            return self.made[spec.again % len(self.made)]
        if spec.repeat:
            block = spec.contents[0]
            made: nn.Module = Repeat(lambda: self.content(block), times=range(len(spec.contents)), name=spec.name)
        else:
            options: dict[str | int, Callable[[], nn.Module]] = {
                number: (lambda content=content: self.content(content)) for number, content in enumerate(spec.contents)
            }
            made = OneOf(options, name=spec.name)
        self.made.append(made)
        return made


def reached(root: nn.Module, values: dict[int, int]) -> set[int]:
    """Positions of the decisions that a walk through the path meets."""
    found: set[int] = set()

    def visit(module: nn.Module) -> None:
        if isinstance(module, OpenChoice):
            assert module.position is not None
            found.add(module.position)
            for _, child, options in module.parts():
                if values[module.position] in options:
                    visit(child)
        else:
            for child in module.children():
                visit(child)

    visit(root)
    return found


def enumerated(made: Construction) -> set[tuple[int, ...]]:
    sizes = [len(decision.options) for decision in made.layout.decisions]
    found = set()
    for values in itertools.product(*map(range, sizes)):
        here = reached(made.module, dict(enumerate(values)))
        found.add(tuple(value if k in here else sizes[k] for k, value in enumerate(values)))
    return found


def constructed(top: tuple[Spec, ...]) -> Construction:
    try:
        return construct(lambda: Maker().network(top))
    except SettingError as error:
        assume(not any(word in str(error) for word in ("circle", "two options at once")))
        raise


def size_of(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(specs(2), min_size=1, max_size=3).map(tuple))
def test_against_enumeration(top: tuple[Spec, ...]) -> None:
    made = constructed(top)
    sizes = [len(decision.options) for decision in made.layout.decisions]
    assume(np.prod(sizes) <= 3000)
    wanted, grammar = enumerated(made), OwnGrammar(made.layout.decisions)
    assert grammar.count() == len(wanted)
    listed = [grammar.nth(rank) for rank in range(grammar.count())]
    assert {a.tokens for a in listed} == wanted
    check_covering(made, grammar)
    check_mutations(grammar)
    check_sizes(made, grammar, listed)


def check_covering(made: Construction, grammar: OwnGrammar) -> None:
    rows = covering(grammar, made.layout.conditions.values())
    options = {(k, token) for row in rows for k, token in enumerate(row.tokens)}
    assert options >= {(k, token) for k, size in enumerate(grammar.num_options) for token in range(size)}
    seen: set[int] = set()
    for row in rows:
        with resolved(made.module, row) as network:
            seen |= {id(module) for module in network.modules()}
    choices = {id(module) for module in made.module.modules() if isinstance(module, OpenChoice)}
    possible = {key for key, condition in made.layout.conditions.items() if condition} - choices
    assert possible <= seen


def check_mutations(grammar: OwnGrammar) -> None:
    rng = generator(0, "mutations")
    for one in grammar.sample(10, rng):
        other = grammar.mutate(one, rng)
        assert grammar.architecture(other.tokens) == other != one
        pairs = list(zip(one.tokens, other.tokens, grammar.num_options, strict=True))
        changed = [k for k, (a, b, size) in enumerate(pairs) if a != b and a < size and b < size]
        assert changed == [next(k for k, (a, b, _) in enumerate(pairs) if a != b)]


def check_sizes(made: Construction, grammar: OwnGrammar, listed: list[Any]) -> None:
    catalogue = OwnCatalogue(grammar, params_by_condition(made), {}, lambda a: 0)
    params_F = np.array([piece.num_params for piece in catalogue.pieces])
    counted = catalogue.units(listed) @ params_F
    for architecture, count in zip(listed, counted, strict=True):
        with resolved(made.module, architecture) as network:
            assert size_of(network) == count
    bound = catalogue.upper_bound(params_F.astype(np.float64))
    sampler = catalogue.additive_sampler(params_F, 2)
    assert sampler is not None and bound == counted.max()
    assert [sampler.moment(order) for order in range(3)] == [
        sum(int(count) ** order for count in counted) for order in range(3)
    ]
    drawn = sampler.sample(5, generator(0, "sizes"))
    assert {a.tokens for a in drawn} <= {a.tokens for a in listed}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(specs(2), min_size=1, max_size=3).map(tuple))
def test_conformance(top: tuple[Spec, ...]) -> None:
    grammar = OwnGrammar(constructed(top).layout.decisions)
    assume(grammar.count() <= 60)
    check_grammar(grammar, num=20)


NESTED = (
    Spec(None, False, ((), (Spec("a", False, ((), ())), Spec(None, True, ((Spec("a", False, ((), ())),), (), ()))))),
)


def test_draws_in_proportion_to_size() -> None:
    made = constructed(NESTED * 2)
    grammar = OwnGrammar(made.layout.decisions)
    catalogue = OwnCatalogue(grammar, params_by_condition(made), {}, lambda a: 0)
    params_F = np.array([piece.num_params for piece in catalogue.pieces])
    sampler = catalogue.additive_sampler(params_F, 1)
    assert sampler is not None
    listed = [grammar.nth(rank) for rank in range(grammar.count())]
    weights = dict(zip((a.id for a in listed), (catalogue.units(listed) @ params_F).tolist(), strict=True))
    check_frequencies(sampler.sample(6000, generator(0, "draws")), weights)


def test_uniform_draws_of_a_space_too_large_for_64_bits() -> None:
    made = constructed(NESTED * 80)
    grammar = OwnGrammar(made.layout.decisions)
    assert grammar.count() > 2**70
    assert grammar.nth(grammar.count() - 1) != grammar.nth(0)
    first = Counter(a.tokens[0] for a in grammar.sample(3000, generator(0, "large")))
    completions = grammar.automaton.completions[1]
    share = completions[int(grammar.automaton.steps[0].following[0, 0])] / grammar.count()
    assert abs(first[0] / 3000 - share) < 4 * (share * (1 - share) / 3000) ** 0.5


def test_a_network_resolved_for_good_holds_no_choice() -> None:
    made = constructed(NESTED)
    grammar = OwnGrammar(made.layout.decisions)
    network = resolve_for_good(made.module, grammar.nth(grammar.count() - 1))
    assert {type(module).__module__.partition(".")[0] for module in network.modules()} == {"torch"}
    assert isinstance(torch.nn.utils.parameters_to_vector(network.parameters()), torch.Tensor)


def test_a_bound_is_proven_where_states_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    made = constructed(NESTED * 2)
    grammar, params = OwnGrammar(made.layout.decisions), params_by_condition(made)
    monkeypatch.setattr("bnao.spaces.own.catalogue.MOST_STATES", 3)
    catalogue = OwnCatalogue(grammar, params, {}, lambda a: 0)
    params_F = np.array([piece.num_params for piece in catalogue.pieces])
    counted = catalogue.units([grammar.nth(rank) for rank in range(grammar.count())]) @ params_F
    assert counted.max() <= catalogue.upper_bound(params_F.astype(np.float64)) < 3 * counted.max()
    assert catalogue.additive_sampler(params_F, 1) is None
