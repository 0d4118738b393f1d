"""The adaptive exponent, on learners whose need for draws is known."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling.draws import BLOCK
from bnao.sampling.size_proportional import SizeProportional

NUM = 12


@dataclass
class Learners:
    """Architectures whose loss falls as exp(-draws / tau), tau ~ size ** growth, from 2.3 to 0.3, with noise."""

    pool: list[Any]
    tau: np.ndarray
    draws: np.ndarray

    @classmethod
    def of(cls, space: Any, growth: float, steps: int) -> Learners:
        sizes = space.size("standalone")
        order = np.argsort(sizes, kind="stable")[np.linspace(0, len(sizes) - 1, NUM).astype(int)]
        needs = sizes[order] ** growth
        return cls([space.architectures[k] for k in order], needs / needs.sum() * steps / 8, np.zeros(NUM))

    def train(self, policy: Any, first: int, last: int) -> None:
        index = {a.id: k for k, a in enumerate(self.pool)}
        for step in range(first, last):
            plan = policy.plan(step, generator(0, step))
            k = index[plan.paths[0].id]
            self.draws[k] += 1
            noise = 0.1 * generator(0, "noise", step).standard_normal()
            policy.observe(plan, [0.3 + 2 * np.exp(-self.draws[k] / self.tau[k]) + noise])

    @property
    def imbalance(self) -> float:
        """Least draws that an architecture had for its need, by the mean; 1 is balance."""
        return float((self.draws / self.tau).min() / (self.draws.sum() / self.tau.sum()))


def make(space: Any, learners: Learners, start: float) -> Any:
    return space.policy(learners.pool, policy="adaptive", exponent=start)


@pytest.mark.parametrize(
    ("growth", "start", "low", "high"), [(0.0, 3.0, 0.0, 0.3), (1.0, 0.0, 0.5, 1.7), (2.0, 3.0, 1.0, 3.0)]
)
def test_it_finds_how_the_need_grows_with_size(
    listed: Callable[..., Any], growth: float, start: float, low: float, high: float
) -> None:
    """In the end p ~ tau; the gains of a draw, not the exponent, are equal on the way there."""
    space, steps = listed(2, "sep_conv_3x3,identity"), 14_000
    learners = Learners.of(space, growth, steps)
    policy = make(space, learners, start)
    learners.train(policy, 0, steps)
    assert low <= policy.exponent < high
    uniform = learners.tau.mean() / learners.tau.max()  # what the same draws for all would come to
    assert growth == 0 or learners.imbalance > 1.15 * uniform


def test_one_size_changes_nothing(listed: Callable[..., Any]) -> None:
    space = listed(1, "max_pool_3x3,avg_pool_3x3")
    policy = space.policy(space.architectures, policy="adaptive", size="chosen_ops", exponent=1.0)
    for step in range(3 * BLOCK):
        policy.observe(policy.plan(step, generator(0, step)), [5.0 / (1 + step)])
    assert policy.exponent == 1.0


@pytest.mark.parametrize("over", ["pool", "space"])
def test_between_revisions_it_is_size_proportional(listed: Callable[..., Any], over: str) -> None:
    space = listed()
    pool = space.architectures if over == "pool" else None
    policy = space.policy(pool, policy="adaptive", over=over, exponent=2.0)
    plain = space.policy(pool, over=over, exponent=2.0)
    assert isinstance(plain, SizeProportional)
    assert all(policy.plan(s, generator(0, s)) == plain.plan(s, generator(0, s)) for s in range(BLOCK))


@pytest.mark.parametrize("over", ["pool", "space"])
def test_resumed_after_revisions_and_within_a_block(listed: Callable[..., Any], over: str) -> None:
    space = listed()
    pool = space.architectures if over == "pool" else None

    def run(policy: Any, first: int, last: int) -> list[str]:
        texts = []
        for step in range(first, last):
            plan = policy.plan(step, generator(0, step))
            size = int(space.sizes.num_params(plan.paths)[0])
            policy.observe(plan, [3.0 - step / 900 * np.log(size) / 8])
            texts.append(str(plan.paths[0]))
        return texts

    whole, killed, resumed = (space.policy(pool, policy="adaptive", over=over, exponent=0.0) for _ in range(3))
    plans = run(whole, 0, 900)
    run(killed, 0, 600)
    file = io.BytesIO()
    torch.save(killed.state_dict(), file)
    file.seek(0)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert run(resumed, 600, 900) == plans[600:]
    assert resumed.state_dict() == whole.state_dict() and whole.exponent > 0


def test_the_exponent_keeps_to_its_range(listed: Callable[..., Any]) -> None:
    space = listed()
    policy = space.policy(space.architectures, policy="adaptive", exponent=7.9)
    drawn = [policy.plan(step, generator(0, step)).paths[0] for step in range(BLOCK)]
    middle = np.log(space.sizes.num_params(drawn)).mean()
    for step in range(4 * BLOCK):
        plan = policy.plan(step, generator(0, step))
        above = np.log(space.sizes.num_params(plan.paths)[0]) - middle
        policy.observe(plan, [9.0 - step / 500 * (0.3 + 12 * above)])
    assert policy.exponent == 8.0
    with pytest.raises(SettingError, match=r"in \[0, 8\]; received exponent = 9: begin with a lower one"):
        space.policy(space.architectures, policy="adaptive", exponent=9.0)
    with pytest.raises(SettingError, match="own policy"):
        policy.load_state_dict({})
