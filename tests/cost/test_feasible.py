"""Spaces within limits: on one that is listed in full, and on the paper's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.arch import Architecture
from bnao.controller.evolution import RegularizedEvolution
from bnao.cost import feasible as module
from bnao.cost import rejected
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.limits import Limits
from bnao.cost.sizes import SizeTable
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.task import Task
from bnao.testing.policies import check_frequencies
from bnao.testing.proposers import check_proposer

TASK = Task(in_channels=3, image_size=(16, 16), num_classes=10)


def _space(operations: str, nodes: int) -> tuple[Any, SizeTable]:
    space = NaoCellSpace(SpaceConfig(operations=operations, nodes=nodes))
    return space.grammar, SizeTable(space.skeleton(NetworkConfig(cells_per_stage=1, channels=4), TASK))


TINY, TINY_SIZES = _space("sep_conv_3x3,max_pool_3x3", 1)
EVERYTHING = [TINY.nth(k) for k in range(TINY.count())]
PARAMS, MACS = TINY_SIZES.num_params(EVERYTHING), TINY_SIZES.macs(EVERYTHING)
LARGE, LARGE_SIZES = _space("small", 5)
DRAWN = LARGE.sample(20_000, generator(7))


def _limits(params: float | None, macs: float | None) -> Limits:
    return Limits(
        max_params=None if params is None else int(np.quantile(PARAMS, params)),
        max_macs=None if macs is None else int(np.quantile(MACS, macs)),
    )


def _allowed(limits: Limits) -> list[Architecture]:
    return [
        a
        for a, p, m in zip(EVERYTHING, PARAMS, MACS, strict=True)
        if limits.allows(num_params=int(p), macs=int(m))
    ]  # fmt: skip


@pytest.fixture(params=["listed", "rejected"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the tiny space is drawn from within limits."""
    if request.param == "rejected":
        monkeypatch.setattr(module, "ENUMERABLE", 0)
        monkeypatch.setattr(rejected, "BARREN", 20_000)
    return str(request.param)


@pytest.mark.parametrize("quantiles", [(0.3, None), (None, 0.4), (0.6, 0.6), (0.0, None), (1.0, 1.0)], ids=str)
def test_draws_are_uniform_over_what_is_feasible(way: str, quantiles: tuple[float | None, float | None]) -> None:
    limits = _limits(*quantiles)
    feasible, allowed = FeasibleSpace(TINY, TINY_SIZES, limits), _allowed(limits)
    feasible.require_not_empty()
    assert [a for a in EVERYTHING if feasible.contains(a)] == allowed
    assert feasible.contains_each(EVERYTHING).sum() == len(allowed)
    drawn = feasible.sample(4000, generator(0, "feasible"))
    if len(allowed) > 1:
        check_frequencies(drawn, dict.fromkeys((a.id for a in allowed), 1.0))
    assert all(a.is_canonical and feasible.contains(a) for a in drawn)
    one_by_one = [feasible.sample(1, generator(k))[0] for k in range(800)]
    if len(allowed) > 1:
        check_frequencies(one_by_one, dict.fromkeys((a.id for a in allowed), 1.0))
    taken = {allowed[0].id}
    rest = feasible.sample_distinct(len(EVERYTHING), generator(1), taken)
    assert {a.id for a in rest} == {a.id for a in allowed} - taken and len(rest) == len(allowed) - 1
    if way == "listed":
        assert feasible.count() == len(allowed) and feasible.share == len(allowed) / 100
        assert feasible.describe_count() == f"{len(allowed)} of 100"
    else:
        assert feasible.share == pytest.approx(len(allowed) / 100, abs=0.02)
        with pytest.raises(SettingError, match="describe_count"):
            feasible.count()


def test_the_first_of_distinct_draws_is_uniform(way: str) -> None:
    feasible = FeasibleSpace(TINY, TINY_SIZES, _limits(0.5, None))
    allowed = dict.fromkeys((a.id for a in _allowed(feasible.limits)), 1.0)
    for place in (0, 2):
        check_frequencies([feasible.sample_distinct(3, generator(k))[place] for k in range(1500)], allowed)


def test_mutations_are_the_grammars_that_are_feasible(way: str) -> None:
    feasible = FeasibleSpace(TINY, TINY_SIZES, _limits(0.5, None))
    for parent in (_allowed(feasible.limits)[3], EVERYTHING[int(PARAMS.argmax())]):
        rng = generator(0, "mutations")
        neighbours = [a for a in (TINY.mutate(parent, rng) for _ in range(1000)) if feasible.contains(a)]
        expected = {str(a) for a in neighbours}
        children = [feasible.mutate(parent, rng) for _ in range(300)]
        changed = [sum(x != y for x, y in zip(a.tokens, parent.tokens, strict=True)) for a in children]
        if expected:
            assert set(changed) == {1} and {str(a) for a in children} == expected
        assert all(map(feasible.contains, children))


def test_without_a_feasible_neighbour_a_mutation_is_a_draw(way: str) -> None:
    feasible = FeasibleSpace(TINY, TINY_SIZES, _limits(0.0, None))
    lonely = EVERYTHING[int(PARAMS.argmax())]
    assert not any(feasible.contains(TINY.mutate(lonely, generator(k))) for k in range(200))
    assert feasible.contains(feasible.mutate(lonely, generator(0)))


def test_proposers_keep_limits() -> None:
    grammar, sizes = _space("sep_conv_3x3,identity", 2)
    limits = Limits(max_params=int(np.quantile(sizes.num_params(grammar.sample(2000, generator(0))), 0.2)))
    feasible = FeasibleSpace(grammar, sizes, limits)
    check_proposer(lambda grammar, config, seed: RegularizedEvolution(grammar, config), grammar, feasible=feasible)


@given(st.integers(0, 2**32), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
@settings(deadline=None, max_examples=10)
def test_limits_hold_in_a_large_space(seed: int, params: float, macs: float) -> None:
    limits = Limits(
        max_params=int(np.quantile(LARGE_SIZES.num_params(DRAWN), params)),
        max_macs=int(np.quantile(LARGE_SIZES.macs(DRAWN), macs)),
    )
    feasible, rng = FeasibleSpace(LARGE, LARGE_SIZES, limits), generator(seed)
    distinct = feasible.sample_distinct(30, rng)
    drawn = [*feasible.sample(30, rng), *distinct, *(feasible.mutate(a, rng) for a in DRAWN[:5])]
    assert len({a.id for a in distinct}) == 30
    for num_params, cost in zip(LARGE_SIZES.num_params(drawn), LARGE_SIZES.macs(drawn), strict=True):
        assert limits.allows(num_params=int(num_params), macs=int(cost))
    assert feasible.sample(5, generator(seed)) == feasible.sample(5, generator(seed))


def test_the_estimate_has_an_interval() -> None:
    limit = int(np.quantile(LARGE_SIZES.num_params(DRAWN), 0.25))
    feasible = FeasibleSpace(LARGE, LARGE_SIZES, Limits(max_params=limit))
    text = feasible.describe_count()
    found = re.fullmatch(r"about (\S+) \(estimate: (\S+) % to (\S+) % of 4.39e\+22\)", text)
    assert found is not None, text
    about, low, high = map(float, found.groups())
    assert 24 < low < 25.5 < high < 26.5 or 23.5 < low < 25 < high < 26.5
    assert low / 100 < about / 4.39e22 < high / 100
    assert FeasibleSpace(LARGE).describe_count() == "4.39e+22" and FeasibleSpace(TINY).describe_count() == "100"


def test_wilson_covers() -> None:
    rng = np.random.default_rng(0)
    for share in (0.001, 0.3, 0.99):
        seen = rng.binomial(5000, share, size=2000)
        inside = [low <= share <= high for low, high in (rejected.wilson(int(k), 5000) for k in seen)]
        assert 0.92 < np.mean(inside) < 0.98


def test_no_limits_need_no_sizes() -> None:
    feasible = FeasibleSpace(LARGE, None, Limits())
    feasible.require_not_empty()
    assert feasible.is_whole and feasible.share == 1.0 and feasible.count() == LARGE.count()
    assert feasible.sample(3, generator(0)) == LARGE.sample(3, generator(0))
    assert feasible.mutate(DRAWN[0], generator(0)) == LARGE.mutate(DRAWN[0], generator(0))
    assert feasible.contains(DRAWN[0]) and len(feasible.contains_each([])) == 0


def _raised(message: str, limits: Limits) -> list[Limits]:
    """The limits that a message proposes."""
    options = message.partition("Raise ")[2].partition(", or change")[0].split(" or ")
    found = []
    for option in options:
        values = {name: int(v.replace(",", "")) for name, v in re.findall(r"(max_\w+) to ([\d,]+)", option)}
        found.append(Limits(**{**vars(limits), **values}))
    return found


@pytest.mark.parametrize(
    "make",
    [
        lambda p, m: Limits(max_params=p - 1),
        lambda p, m: Limits(max_macs=m - 1),
        lambda p, m: Limits(max_params=p - 1, max_macs=10**30),
        lambda p, m: Limits(max_params=1, max_macs=1),
    ],
)
def test_impossible_limits_name_the_nearest_exactly(make: Callable[[int, int], Limits]) -> None:
    limits = make(int(PARAMS.min()), int(MACS.min()))
    feasible = FeasibleSpace(TINY, TINY_SIZES, limits)
    with pytest.raises(SettingError, match="none keeps them") as caught:
        feasible.require_not_empty()
    for name in ("max_params", "max_macs"):
        value = getattr(limits, name)
        assert value is None or value > 2**63 or f"{name} = {value:,}" in str(caught.value)
    for raised in _raised(str(caught.value), limits):
        assert raised != limits and FeasibleSpace(TINY, TINY_SIZES, raised).count() >= 1
    with pytest.raises(SettingError):
        feasible.sample(1, generator(0))
    assert not feasible.contains(EVERYTHING[0])


def _refusal(limits: Limits) -> str:
    with pytest.raises(SettingError) as caught:
        FeasibleSpace(LARGE, LARGE_SIZES, limits).require_not_empty()
    return str(caught.value)


def test_impossible_limits_of_a_large_space() -> None:
    """The smallest networks have no parameters in their operations and few unused states; no draw is one of them."""
    chain = "0 4 1 4 " + " ".join(f"{k} 4 {k} 4" for k in range(2, 6))
    smallest = int(LARGE_SIZES.num_params([LARGE.parse(f"{chain} | {chain}")])[0])
    assert smallest < LARGE_SIZES.num_params(DRAWN).min()
    limits = Limits(max_params=1000, max_macs=10**9)
    text = _refusal(limits)
    assert "received max_params = 1,000 and max_macs = 1,000,000,000: none was found that keeps them" in text
    nearest = int(re.findall(r"the nearest has ([\d,]+) parameters", text)[0].replace(",", ""))
    assert nearest <= smallest
    [raised] = _raised(text, limits)
    assert raised.max_macs == limits.max_macs and raised.max_params is not None and raised.max_params > nearest
    assert raised.allows(num_params=int(FeasibleSpace(LARGE, LARGE_SIZES, raised).share > 1e-5), macs=0)
    assert f"fewer keep them (one of {nearest:,} parameters does)" in _refusal(Limits(max_params=nearest))


def test_a_sampler_that_finds_nothing_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENUMERABLE", 0)
    monkeypatch.setattr(rejected, "BARREN", 1000)
    feasible = FeasibleSpace(TINY, TINY_SIZES, _limits(0.5, None))
    feasible.require_not_empty()
    part: Any = feasible._part
    monkeypatch.setattr(part, "_check", FeasibleSpace(TINY, TINY_SIZES, Limits(max_params=1))._check)
    with pytest.raises(SettingError, match="received 0 of 3 and then none"):
        feasible.sample(3, generator(0))
    assert feasible.sample_distinct(3, generator(0)) == []
