"""Frequencies of the weighted policies against their definition, on a space that is listed in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bnao.arch import Architecture
from bnao.cost import feasible as feasible_space
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.limits import Limits
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.sampling import PolicySetup, space_draws
from bnao.sampling.config import SamplingConfig
from bnao.sampling.draws import BLOCK, PoolDraws, floored
from bnao.sampling.size_proportional import SizeProportional
from bnao.sampling.uniform import Uniform
from bnao.sampling.weighted import WeightedPolicy
from bnao.testing.policies import check_frequencies, check_policy

SETTINGS = [
    {"policy": "uniform"},
    {"policy": "size_proportional"},
    {"policy": "size_proportional", "exponent": 3.0},
    {"policy": "size_proportional", "exponent": 2.5},
    {"policy": "size_proportional", "exponent": 0.0},
    {"policy": "size_proportional", "size": "chosen_ops"},
    {"policy": "size_proportional", "size": "chosen_ops", "floor": 0.5, "exponent": 2.0},
    {"policy": "size_proportional", "size": "chosen_ops", "floor": 0.0},
]


def definition(space: Any, settings: dict[str, Any]) -> dict[str, float]:
    exponent = 0.0 if settings["policy"] == "uniform" else settings.get("exponent", 1.0)
    return space.expected(settings.get("size", "standalone"), exponent, settings.get("floor", 0.01))  # type: ignore[no-any-return]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("over", ["pool", "space"])
def test_conformance(listed: Callable[..., Any], settings: dict[str, Any], over: str) -> None:
    space = listed()
    pool = space.architectures if over == "pool" else None
    check_policy(
        lambda: space.policy(pool, over=over, **settings),
        FeasibleSpace(space.grammar),
        expected=definition(space, settings),
    )


@pytest.mark.parametrize("settings", SETTINGS[1:], ids=str)
@pytest.mark.parametrize("method", ["rejection", "dynamic programming", "resampling"])
def test_every_method_draws_the_same_distribution(
    listed: Callable[..., Any], settings: dict[str, Any], method: str
) -> None:
    space = listed()
    policy = space.policy(over="space", **settings)
    draws = space_draws.space_draws(
        FeasibleSpace(space.grammar),
        policy.weights,
        floor=policy.setup.config.floor,
        max_weight=policy.max_weight() if method == "rejection" else None,
        envelope=None if method == "resampling" else policy.envelope(),
    )
    assert method in draws.describe()
    assert draws.describe().startswith("approximate" if method == "resampling" else "exact")
    # Resampled draws share candidates within a call: many small calls
    drawn = [a for i in range(50) for a in draws.sample(40, generator(3, method, i))]
    check_frequencies(drawn, definition(space, settings))


def test_the_method_follows_the_acceptance(listed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    space = listed()
    assert "rejection" in space.policy(over="space").describe()
    steep = {"over": "space", "exponent": 40.0, "size": "chosen_ops"}
    monkeypatch.setattr(space_draws, "MIN_ACCEPTANCE", 0.5)
    assert "dynamic programming" in space.policy(over="space", exponent=12.0).describe()
    monkeypatch.setattr(space_draws, "MIN_ACCEPTANCE", 1.1)
    assert "approximate" in space.policy(**steep).describe()


def test_a_weight_without_bound_is_drawn_approximately_and_says_so(listed: Callable[..., Any]) -> None:
    space = listed()

    class FirstToken(WeightedPolicy):
        """One more than the first token."""

        def weights(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
            return np.array([1.0 + a.canonical[0] for a in architectures])

    config = SamplingConfig(policy="first", over="space")
    setup = PolicySetup(config=config, feasible=FeasibleSpace(space.grammar), sizes=space.sizes, pool=None, seed=0)
    assert "approximate" in FirstToken(setup).describe()
    expected = {a.id: 1.0 + a.tokens[0] for a in space.architectures}
    check_policy(lambda: FirstToken(setup), setup.feasible, expected=expected, draws=2000)


@pytest.mark.parametrize("method", ["rejection", "dynamic programming", "resampling"])
@pytest.mark.parametrize("listable", [0, feasible_space.ENUMERABLE])
def test_limits_are_kept(
    listed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, method: str, listable: int
) -> None:
    monkeypatch.setattr(feasible_space, "ENUMERABLE", listable)
    space, floor = listed(), 0.9  # so that the floor binds, and its mean is that of the feasible set
    sizes = space.size("standalone")
    feasible = FeasibleSpace(space.grammar, space.sizes, Limits(max_params=int(np.quantile(sizes, 0.3))))
    setup = PolicySetup(
        config=SamplingConfig(over="space", exponent=2.0, floor=floor),
        feasible=feasible, sizes=space.sizes, pool=None, seed=0,
    )  # fmt: skip
    policy = SizeProportional(setup)
    draws = space_draws.space_draws(
        feasible,
        policy.weights,
        floor=floor,
        max_weight=policy.max_weight() if method == "rejection" else None,
        envelope=policy.envelope() if method == "dynamic programming" else None,
    )
    assert method in draws.describe()
    assert draws.describe().startswith("approximate" if method == "resampling" else "exact")
    allowed = {a.id: s**2 for a, s in zip(space.architectures, sizes, strict=True) if feasible.contains(a)}
    least = floor * float(np.mean(list(allowed.values())))
    assert 10 < len(allowed) < 60 and least > min(allowed.values())
    drawn = [a for i in range(40) for a in draws.sample(50, generator(0, "limited", i))]
    check_frequencies(drawn, {id: max(weight, least) for id, weight in allowed.items()})
    check_policy(lambda: SizeProportional(setup), feasible)


def test_dear_draws_under_limits_are_labelled(listed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    space = listed()
    feasible = FeasibleSpace(space.grammar, space.sizes, Limits(max_params=int(space.size("standalone").min())))
    setup = PolicySetup(config=SamplingConfig(over="space"), feasible=feasible, sizes=space.sizes, pool=None, seed=0)
    envelope = SizeProportional(setup).envelope()
    monkeypatch.setattr(space_draws, "MIN_LIMITED_ACCEPTANCE", 1.0)
    draws = space_draws.space_draws(
        feasible, SizeProportional(setup).weights, floor=0.01, max_weight=None, envelope=envelope
    )
    assert draws.describe().startswith("approximate") and all(map(feasible.contains, draws.sample(100, generator(0))))


def test_uniform_draws_say_how_many(listed: Callable[..., Any]) -> None:
    space = listed()
    limits = Limits(max_params=int(np.median(space.size("standalone"))))
    setup = PolicySetup(
        config=SamplingConfig(policy="uniform", over="space"),
        feasible=FeasibleSpace(space.grammar, space.sizes, limits), sizes=space.sizes, pool=None, seed=0,
    )  # fmt: skip
    allowed = [a.id for a in space.architectures if setup.feasible.contains(a)]
    assert f"exact, uniform over {len(allowed)} of 100 distinct" in Uniform(setup).describe()
    check_policy(lambda: Uniform(setup), setup.feasible, expected=dict.fromkeys(allowed, 1.0))


def test_draws_over_the_space_are_a_function_of_seed_and_step(listed: Callable[..., Any]) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    late = space.policy(over="space", seed=5).plan(3 * BLOCK + 7, generator(1))
    whole = space.policy(over="space", seed=5)
    plans = [whole.plan(step, generator(1)) for step in range(3 * BLOCK + 8)]
    assert plans[-1] == late
    other = space.policy(over="space", seed=6)
    assert [other.plan(step, generator(1)) for step in range(50)] != plans[:50]


def test_sides_are_shuffled_or_canonical(listed: Callable[..., Any]) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    for over in ("pool", "space"):
        pool = [space.grammar.shuffle(a, generator(0, i)) for i, a in enumerate(space.architectures[1000:1010])]
        shuffled = space.policy(pool, over=over)
        paths = [shuffled.plan(step, generator(2, step)).paths[0] for step in range(300)]
        first_sides = np.mean(
            [a.tokens[4:8] == a.canonical[4:8] for a in paths if a.canonical[4:6] != a.canonical[6:8]]
        )
        assert 0.35 < first_sides < 0.65
        plain = space.policy(pool, over=over, shuffle_sides=False)
        assert all(plain.plan(step, generator(2, step)).paths[0].is_canonical for step in range(50))


def test_weights_are_pure_and_in_proportion(listed: Callable[..., Any]) -> None:
    space = listed()
    policy = space.policy(over="space", exponent=2.0)
    together, some = policy.weights(space.architectures), space.architectures[::7]
    assert (policy.weights(some) == together[::7]).all()
    sizes = space.size("standalone")
    assert np.allclose(together / together[0], (sizes / sizes[0]) ** 2)
    assert together.max() <= policy.max_weight()
    huge = space.policy(space.architectures, exponent=64.0)
    assert np.isfinite(huge.weights(space.architectures)).all()


def test_no_parameters_at_all_is_uniform(listed: Callable[..., Any]) -> None:
    space = listed(1, "max_pool_3x3,avg_pool_3x3")
    for over in ("pool", "space"):
        policy = space.policy(space.architectures, over=over, size="chosen_ops")
        check_frequencies(
            policy.draws.sample(5000, generator(0)), dict.fromkeys((a.id for a in space.architectures), 1.0)
        )


def test_floor() -> None:
    weights = np.array([0.0, 1.0, 3.0, 4.0])
    assert floored(weights, 0.5).tolist() == [1.0, 1.0, 3.0, 4.0]
    assert floored(weights, 0.0).tolist() == weights.tolist()
    assert floored(weights, 0.5, mean=4.0).tolist() == [2.0, 2.0, 3.0, 4.0]
    assert floored(np.zeros(3), 0.5).tolist() == [1.0, 1.0, 1.0]


def test_zero_weights_are_never_drawn_from_a_pool(listed: Callable[..., Any]) -> None:
    pool = listed().architectures[:4]
    drawn = PoolDraws(pool, np.array([0.0, 1.0, 2.0, 0.0])).sample(3000, generator(0))
    check_frequencies(drawn, {pool[1].id: 1.0, pool[2].id: 2.0})


def test_errors(listed: Callable[..., Any]) -> None:
    space = listed()
    for message, pool, settings in [
        ("did you mean 'uniform'", None, {"policy": "unifrom"}),
        ("give a pool, or set over to space", None, {}),
        ("empty pool", [], {}),
        ("repeats", [space.architectures[0]] * 2, {}),
        ("does not read exponent", None, {"policy": "uniform", "over": "space", "exponent": 2.0}),
        ("does not read size", None, {"policy": "uniform", "over": "space", "size": "chosen_ops"}),
        ("does not read floor", None, {"policy": "uniform", "over": "space", "floor": 0.5}),
        ("exponent lies", None, {"exponent": -1.0}),
        ("floor lies", None, {"floor": float("nan")}),
        ("exponent lies", None, {"exponent": float("inf")}),
    ]:
        with pytest.raises(SettingError, match=message):
            space.policy(pool, **settings)
    with pytest.raises(SettingError, match="has no state"):
        space.policy(over="space").load_state_dict({"step": 1})
