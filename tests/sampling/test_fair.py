"""Strict fairness: how often each option is trained in a step, over random steps of several grammars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.limits import Limits
from bnao.errors import ArchitectureError, SettingError
from bnao.rng import generator
from bnao.sampling import Policy, fair, make_policy
from bnao.sampling.config import SamplingConfig
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

GRAMMARS = [(1, 1), (1, 2), (1, 5), (2, 3), (3, 7), (5, 5), (5, 10)]


def policy_of(grammar: NaoCellGrammar) -> Policy:
    config = SamplingConfig(policy="fair", over="space")
    return make_policy(config, feasible=FeasibleSpace(grammar), sizes=None, pool=None, seed=0)  # type: ignore[arg-type]


@pytest.mark.parametrize(("nodes", "operations"), GRAMMARS)
def test_every_option_of_every_decision_is_used_equally_often(nodes: int, operations: int) -> None:
    grammar = NaoCellGrammar(nodes=nodes, num_operations=operations)
    policy, m = policy_of(grammar), max(nodes + 1, operations)
    for step in range(60):
        plan = policy.plan(step, generator(0, step))
        assert len(plan.paths) == m and plan.loss_weights == (1.0,) * m and plan.teacher is None
        for place in range(grammar.length):
            node = place % (4 * nodes) // 4
            k = operations if place % 2 else node + 2
            counts = Counter(path.tokens[place] for path in plan.paths)
            assert set(counts) == set(range(k)) if m >= k else len(counts) == m
            assert all(m // k <= counts[option] <= -(-m // k) for option in range(k)), f"place {place}: {counts}"


def test_the_surplus_is_drawn_evenly_and_decisions_are_independent() -> None:
    grammar = NaoCellGrammar(nodes=2, num_operations=5)  # 2 inputs in 5 paths: one of them is used three times
    policy = policy_of(grammar)
    plans = [policy.plan(step, generator(1, step)) for step in range(3000)]
    often = [sum(path.tokens[0] for path in plan.paths) for plan in plans]
    assert set(often) == {2, 3}
    assert stats.binomtest(often.count(3), len(often)).pvalue > 1e-3
    pairs = Counter((path.tokens[1], path.tokens[3]) for plan in plans for path in plan.paths)
    assert len(pairs) == 25
    assert stats.chisquare(list(pairs.values())).pvalue > 1e-4
    firsts = Counter(plan.paths[0].tokens[1] for plan in plans)
    assert stats.chisquare(list(firsts.values())).pvalue > 1e-4


def test_under_limits_a_whole_set_is_feasible_and_fair(listed: Callable[..., Any]) -> None:
    space = listed()
    limits = Limits(max_params=int(np.quantile(space.size("standalone"), 0.8)))
    feasible = FeasibleSpace(space.grammar, space.sizes, limits)
    policy = space.policy(feasible=feasible, policy="fair", over="space")
    for step in range(100):
        plan = policy.plan(step, generator(0, step))
        assert feasible.contains_each(plan.paths).all() and len(plan.paths) == 2
        assert all(Counter(p.tokens[place] for p in plan.paths) == {0: 1, 1: 1} for place in range(8))


def test_limits_that_leave_no_fair_set_are_refused_at_the_start(listed: Callable[..., Any]) -> None:
    space = listed()
    limits = Limits(max_params=int(space.size("standalone").min()))
    feasible = FeasibleSpace(space.grammar, space.sizes, limits)
    with pytest.raises(SettingError, match=r"2 paths that are feasible together.*received 0 %.*loosen the limits"):
        space.policy(feasible=feasible, policy="fair", over="space")


def test_redrawing_is_bounded(listed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    space = listed()
    feasible = FeasibleSpace(space.grammar, space.sizes, Limits(max_params=int(space.size("standalone").min())))
    monkeypatch.setattr(fair, "MIN_ACCEPTANCE", 0.0)
    monkeypatch.setattr(fair, "MAX_TRIES", 20)
    with pytest.raises(SettingError, match="received none in 20 tries"):
        space.policy(feasible=feasible, policy="fair", over="space").plan(0, generator(0))


class Dependent(NaoCellGrammar):
    """The second word must not be below the first."""

    def legal_words(self, prefixes_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        mask = super().legal_words(prefixes_BT)
        if prefixes_BT.shape[1] == 1:
            mask[:, -1] &= prefixes_BT[:, 0] == 0
        return mask


class Hidden(NaoCellGrammar):
    """Its mask says that decisions are independent, and that is not so."""

    def decode(self, words: Sequence[int]) -> Architecture:
        if words[0] != words[2]:
            raise ArchitectureError("the inputs of the first node are equal")
        return super().decode(words)


@pytest.mark.parametrize(
    ("kind", "reason"), [(Dependent, "decision 2 depend on the decisions before"), (Hidden, "inputs of the first node")]
)
def test_other_grammars_are_refused(kind: type[NaoCellGrammar], reason: str) -> None:
    with pytest.raises(SettingError, match=rf"decisions are independent.*{reason}.*choose another policy"):
        policy_of(kind(nodes=1, num_operations=3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "received over = 'pool': set sampling.over to space"),
        ({"over": "space", "size": "chosen_ops"}, "does not read size"),
        ({"over": "space", "exponent": 2.0}, "does not read exponent"),
        ({"over": "space", "floor": 0.5}, "does not read floor"),
        ({"over": "space", "shuffle_sides": False}, "does not read shuffle_sides"),
    ],
)
def test_bad_settings(listed: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        listed().policy(listed().architectures, policy="fair", **settings)
