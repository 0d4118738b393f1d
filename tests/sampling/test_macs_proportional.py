"""Draws in proportion to multiply-adds, on a space that is listed in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bnao import OneOf
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling import make_policy, space_draws
from bnao.sampling.config import SamplingConfig
from bnao.spaces.config import NetworkConfig
from bnao.spaces.own import OwnSpace
from bnao.task import Task
from bnao.testing.policies import check_frequencies, check_policy


def expected(space: Any, exponent: float, floor: float = 0.01) -> dict[str, float]:
    """The definition: max(macs ** exponent, floor * mean)."""
    weights = space.sizes.macs(space.architectures).astype(np.float64) ** exponent
    return dict(zip([a.id for a in space.architectures], np.maximum(weights, floor * weights.mean()), strict=True))


@pytest.mark.parametrize("over", ["pool", "space"])
@pytest.mark.parametrize("exponent", [1.0, 2.5])
def test_frequencies_are_as_defined(listed: Callable[..., Any], over: str, exponent: float) -> None:
    space = listed()
    pool = space.architectures if over == "pool" else None
    check_policy(
        lambda: space.policy(pool, policy="macs_proportional", over=over, exponent=exponent),
        FeasibleSpace(space.grammar),
        expected=expected(space, exponent),
    )


def test_multiply_adds_are_not_parameters(listed: Callable[..., Any]) -> None:
    """The two laws differ on this space by enough that the test above would see it."""
    space = listed()
    macs, params = expected(space, 1.0), space.expected("standalone", 1.0, 0.01)
    drawn = space.policy(policy="macs_proportional", over="space").draws.sample(5000, generator(0))
    with pytest.raises(AssertionError, match="frequencies must be as defined"):
        check_frequencies(drawn, params)
    check_frequencies(drawn, macs)


@pytest.mark.parametrize("exponent", [1.0, 3.0])
def test_exact_draws_by_dynamic_programming(
    listed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, exponent: float
) -> None:
    space = listed()
    policy = space.policy(policy="macs_proportional", over="space", exponent=exponent)
    monkeypatch.setattr(space_draws, "MIN_ACCEPTANCE", 0.0)
    draws = space_draws.space_draws(
        policy.setup.feasible, policy.weights, floor=0.01, max_weight=None, envelope=policy.envelope()
    )
    assert "exact, by dynamic programming" in draws.describe()
    check_frequencies(draws.sample(5000, generator(1)), expected(space, exponent))


def test_bound_and_moments(listed: Callable[..., Any]) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    macs = space.sizes.macs(space.architectures)
    assert macs.max() <= space.sizes.max_macs() < 1.5 * macs.max()
    sampler = space.sizes.additive_macs_sampler(2)
    assert [sampler.moment(k) for k in range(3)] == [sum(int(m) ** k for m in macs) for k in range(3)]


def test_size_is_not_read(listed: Callable[..., Any]) -> None:
    with pytest.raises(SettingError, match="'macs_proportional' does not read size"):
        listed().policy(policy="macs_proportional", over="space", size="chosen_ops")


class Rescaled(nn.Module):
    """How much the second choice costs depends on what the first has made of the image: no sum of parts."""

    def __init__(self) -> None:
        super().__init__()

        def pool() -> nn.Module:
            return OneOf({"half": lambda: nn.AvgPool2d(2), "quarter": lambda: nn.AvgPool2d(4)})

        self.first = OneOf({"none": nn.Identity, "down": pool})
        self.second = OneOf({"k1": lambda: nn.Conv2d(3, 8, 1), "k5": lambda: nn.Conv2d(3, 8, 5, padding=2)})
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(x)).mean((2, 3)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("over", ["pool", "space"])
def test_where_no_bound_is_known(over: Literal["pool", "space"]) -> None:
    space = OwnSpace(Rescaled, torch.zeros(1, 3, 8, 8))
    task = Task(in_channels=3, image_size=(8, 8), num_classes=4)
    sizes, feasible = SizeTable(space.skeleton(NetworkConfig(), task)), FeasibleSpace(space.grammar)
    pool = [space.grammar.nth(k) for k in range(space.grammar.count())]
    macs = sizes.macs(pool).astype(float)
    assert sizes.max_macs() == np.inf and macs.max() > 100 * macs.min()
    config = SamplingConfig(policy="macs_proportional", over=over, floor=0.0)
    policy = make_policy(config, feasible=feasible, sizes=sizes, pool=pool, seed=0)
    assert ("approximate" in policy.describe()) == (over == "space")
    drawn = [policy.plan(step, generator(0, "t", step)).paths[0].id for step in range(4000)]
    found = np.array([drawn.count(a.id) for a in pool]) / 4000
    np.testing.assert_allclose(found, macs / macs.sum(), atol=0.04)
