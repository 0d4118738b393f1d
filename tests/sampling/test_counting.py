"""The counting policy is the policy inside, and counts what was carried out."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling import Policy, StepPlan
from bnao.sampling.counting import CountingPolicy
from bnao.testing.policies import check_policy


class Remembers(Policy):
    """Trains two paths a step; what it plans depends on what it was told."""

    def __init__(self, feasible: FeasibleSpace) -> None:
        self.feasible, self.told = feasible, 0

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        return StepPlan(tuple(self.feasible.sample(2 + self.told % 2, rng))[-2:], (0.5, 0.5))

    def observe(self, plan: StepPlan, losses: Sequence[float]) -> None:
        self.told += 1

    def state_dict(self) -> dict[str, Any]:
        return {"told": self.told}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.told = state["told"]


def test_conformance(listed: Callable[..., Any]) -> None:
    space = listed()
    feasible = FeasibleSpace(space.grammar)
    check_policy(
        lambda: CountingPolicy(space.policy(over="space")), feasible, expected=space.expected("standalone", 1.0, 0.01)
    )
    check_policy(lambda: CountingPolicy(space.policy(space.architectures, over="pool")), feasible)
    check_policy(lambda: CountingPolicy(Remembers(feasible)), feasible)


def test_plans_and_descriptions_pass_through(listed: Callable[..., Any]) -> None:
    inner, counting = listed().policy(over="space"), CountingPolicy(listed().policy(over="space"))
    assert counting.describe() == inner.describe()
    assert all(counting.plan(k, generator(0, k)) == inner.plan(k, generator(0, k)) for k in range(20))
    assert not counting.counts, "a plan that was not carried out is not counted"


def test_every_path_is_counted_as_drawn(listed: Callable[..., Any]) -> None:
    grammar = listed().grammar
    one, other = grammar.parse("0 1 1 0 | 0 0 0 0"), grammar.parse("1 0 0 1 | 0 0 0 0")
    assert one.id == other.id
    policy = CountingPolicy(Remembers(FeasibleSpace(grammar)))
    policy.observe(StepPlan((one, other), (0.5, 0.5)), [1.0, 1.0])
    policy.observe(StepPlan((one,), (1.0,)), [1.0])
    assert dict(policy.counts) == {str(one): 2, str(other): 1}
    assert policy.state_dict()["policy"] == {"told": 2}
    with pytest.raises(TypeError):
        policy.counts[str(one)] = 0  # type: ignore[index]


def test_a_resumed_training_goes_on_counting(listed: Callable[..., Any]) -> None:
    def steps(policy: CountingPolicy, start: int, stop: int) -> None:
        for step in range(start, stop):
            policy.observe(policy.plan(step, generator(0, step)), [1.0, 1.0])

    feasible = FeasibleSpace(listed().grammar)
    whole, killed, resumed = (CountingPolicy(Remembers(feasible)) for _ in range(3))
    steps(whole, 0, 30)
    steps(killed, 0, 17)
    file = io.BytesIO()
    torch.save(killed.state_dict(), file)
    steps(killed, 17, 19)  # lost with the kill
    file.seek(0)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    steps(resumed, 17, 30)
    assert dict(resumed.counts) == dict(whole.counts) and sum(whole.counts.values()) == 60


def test_a_foreign_state_is_refused(listed: Callable[..., Any]) -> None:
    with pytest.raises(SettingError, match="own policy"):
        CountingPolicy(listed().policy(over="space")).load_state_dict({})
