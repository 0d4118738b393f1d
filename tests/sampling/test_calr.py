"""CaLR: the learning rate of a step by the size of its architecture."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import pytest

from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling import Schedule
from bnao.sampling.calr import MAX_DECAY
from bnao.testing.policies import check_policy
from bnao.training.config import TrainingConfig
from bnao.training.loop import num_steps, schedule

CONFIG = TrainingConfig(epochs=10, batch_size=10, learning_rate=0.1, final_learning_rate=0.004)
COSINE = schedule(CONFIG, 100)


def calr(space: Any, over: str = "space", given: Schedule | None = COSINE, **settings: Any) -> Any:
    pool = space.architectures if over == "pool" else None
    return space.policy(pool, policy="calr", over=over, schedule=given, **settings)


@pytest.mark.parametrize("over", ["pool", "space"])
@pytest.mark.parametrize("size", ["standalone", "chosen_ops"])
def test_the_rate_is_the_formula(listed: Callable[..., Any], over: str, size: str) -> None:
    space = listed()
    policy, sizes = calr(space, over, size=size), np.maximum(space.size(size), 1.0)
    by_id = dict(zip([a.id for a in space.architectures], sizes, strict=True))
    for step in range(COSINE.steps):
        plan = policy.plan(step, generator(0, step))
        (path,) = plan.paths
        share = log(by_id[path.id] / sizes.min()) / log(sizes.max() / sizes.min())
        gamma = MAX_DECAY * (1 - share) + share / MAX_DECAY
        wanted = 0.004 + 0.096 * (1 - step / COSINE.steps) ** gamma
        assert COSINE.rate(step) * plan.lr_scale == pytest.approx(wanted, rel=1e-9)
        assert 0.004 <= wanted <= 0.1


def test_larger_ones_decay_slower_and_equal_ones_alike(listed: Callable[..., Any]) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    policy, some = calr(space), space.architectures[::400]
    sizes = space.size("standalone")[::400]
    rates = np.array([policy.rate(a, 50) for a in some])
    order = np.argsort(sizes, kind="stable")
    assert (np.diff(rates[order]) >= 0).all() and len(set(sizes)) < len(sizes)
    for size in set(sizes):
        assert len(set(rates[sizes == size])) == 1
    smallest, largest = space.architectures[int(space.size("standalone").argmin())], some[int(sizes.argmax())]
    assert policy.rate(smallest, 0) == policy.rate(largest, 0) == 0.1
    assert policy.gamma(smallest) == 4.0


def test_one_size_for_all_is_a_straight_line(listed: Callable[..., Any]) -> None:
    policy = calr(listed(1, "max_pool_3x3,avg_pool_3x3"), size="chosen_ops")
    architecture = policy.plan(0, generator(0)).paths[0]
    assert policy.gamma(architecture) == 1.0
    assert policy.rate(architecture, 50) == pytest.approx(0.052)


def test_draws_are_uniform(listed: Callable[..., Any]) -> None:
    space = listed()
    expected = dict.fromkeys((a.id for a in space.architectures), 1.0)
    endless = Schedule(10_000, lambda step: 0.1)
    check_policy(lambda: calr(space, given=endless), FeasibleSpace(space.grammar), expected=expected)


def test_the_schedule_of_a_training() -> None:
    assert COSINE.steps == num_steps(CONFIG, 100) == 100
    assert (
        COSINE.rate(0) == 0.1 and COSINE.rate(100) == pytest.approx(0.004) and COSINE.rate(50) == pytest.approx(0.052)
    )
    falling = schedule(TrainingConfig(epochs=3, batch_size=10, schedule="exponential", decay=0.5), 20)
    assert [falling.rate(step) for step in (0, 1, 2, 6)] == [0.025, 0.025, 0.0125, 0.003125]


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        (None, {}, "known schedule; received None: give schedule"),
        (COSINE, {"exponent": 2.0}, "does not read exponent"),
        (COSINE, {"floor": 0.5}, "does not read floor"),
    ],
)
def test_bad_settings(
    listed: Callable[..., Any], given: Schedule | None, settings: dict[str, float], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        calr(listed(), given=given, **settings)
