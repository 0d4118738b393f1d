"""Draws in proportion to multiply-adds, on a space that is listed in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling import space_draws
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
