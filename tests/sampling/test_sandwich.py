"""The sandwich rule: what a step trains, and who teaches. What a teacher does is in tests/training/test_teacher.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling.sandwich import NUM_RANDOM
from bnao.testing.policies import check_frequencies


@pytest.mark.parametrize("over", ["pool", "space"])
@pytest.mark.parametrize("size", ["standalone", "chosen_ops"])
def test_each_step_has_both_extremes_and_random_ones_between(listed: Callable[..., Any], over: str, size: str) -> None:
    space = listed()
    pool = space.architectures[20:60] if over == "pool" else None
    among = space.architectures if pool is None else pool
    sizes = space.size(size) if pool is None else space.size(size)[20:60]
    policy = space.policy(pool, policy="sandwich", over=over, size=size)
    between = []
    for step in range(1500):
        plan = policy.plan(step, generator(0, step))
        ids = [path.id for path in plan.paths]
        assert ids[0] == among[int(sizes.argmax())].id and ids[-1] == among[int(sizes.argmin())].id
        assert plan.teacher is plan.paths[0], "the largest teaches"
        assert plan.loss_weights == (1.0,) * 4, "gradients add up"
        assert plan.lr_scale == 1.0
        between += plan.paths[1:-1]
    assert len(between) == 1500 * NUM_RANDOM
    check_frequencies(between, dict.fromkeys((a.id for a in among), 1.0))


def test_a_plan_is_a_function_of_seed_and_step(listed: Callable[..., Any]) -> None:
    first, second = (listed().policy(policy="sandwich", over="space") for _ in range(2))
    plans = [first.plan(step, generator(0, step)) for step in range(300)]
    assert second.plan(299, generator(0, 299)) == plans[299]
    assert len({plan.paths[1].id for plan in plans}) > 50


def test_sides_are_shuffled_or_canonical(listed: Callable[..., Any]) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    plain = space.policy(policy="sandwich", over="space", shuffle_sides=False)
    assert all(path.is_canonical for step in range(30) for path in plain.plan(step, generator(0, step)).paths)
    shuffled = space.policy(policy="sandwich", over="space")
    assert not all(p.is_canonical for step in range(30) for p in shuffled.plan(step, generator(0, step)).paths)


@pytest.mark.parametrize("settings", [{"exponent": 2.0}, {"floor": 0.5}])
def test_settings_that_are_not_read(listed: Callable[..., Any], settings: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=f"'sandwich' does not read {next(iter(settings))}"):
        listed().policy(policy="sandwich", over="space", **settings)
