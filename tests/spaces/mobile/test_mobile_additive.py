"""Sums and size-proportional draws over whole mobile spaces, against brute force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bnao.arch import Architecture
from bnao.cost.sizes import SizeTable
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig
from bnao.spaces.mobile import MobileSpace
from bnao.spaces.mobile.additive import ChainSampler
from bnao.task import Task
from bnao.testing.policies import check_frequencies

Make = Callable[..., MobileSpace]
CASES: list[dict[str, Any]] = [
    {},
    {"skip": False},
    {"widths": "1,1", "strides": "1,1", "expansions": "1"},
    {"depths": "1,3", "kernels": "3"},
]


def listed(space: MobileSpace) -> tuple[SizeTable, list[Architecture]]:
    task = Task(in_channels=3, image_size=(16, 16), num_classes=10)
    sizes = SizeTable(space.skeleton(NetworkConfig(channels=4), task))
    return sizes, [space.grammar.nth(rank) for rank in range(space.grammar.count())]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("chosen_only", [False, True])
def test_moments_equal_brute_force(mobile: Make, case: dict[str, Any], chosen_only: bool) -> None:
    sizes, everything = listed(mobile(**case))
    values = [int(v) for v in (sizes.num_chosen_params if chosen_only else sizes.num_params)(everything)]
    sampler = sizes.additive_sampler(3, chosen_only=chosen_only)
    assert sampler is not None and sampler.exponent == 3
    for order in range(4):
        assert sampler.moment(order) == sum(value**order for value in values)
    assert sampler.mean == pytest.approx(np.mean(values), rel=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(("exponent", "chosen_only"), [(0, False), (1, False), (3, False), (1, True), (2, True)])
def test_draws_are_as_defined(mobile: Make, case: dict[str, Any], exponent: int, chosen_only: bool) -> None:
    sizes, everything = listed(mobile(**case))
    count = sizes.num_chosen_params if chosen_only else sizes.num_params
    values = count(everything).astype(np.float64) ** exponent
    expected = dict(zip([a.id for a in everything], values, strict=True))
    sampler = sizes.additive_sampler(exponent, chosen_only=chosen_only)
    assert sampler is not None
    drawn = sampler.sample(8000, generator(1, "draws"))
    check_frequencies(drawn, expected)
    grammar = mobile(**case).grammar
    assert all(a.is_canonical and a == grammar.architecture(a.tokens) for a in drawn[:200])
    assert [str(a) for a in drawn[:50]] == [str(a) for a in sampler.sample(50, generator(1, "draws"))]


def test_a_chain_longer_than_the_stack_is_deep() -> None:
    sampler = ChainSampler(5, [[1, 2]] * 3000, [True] * 3000, [3000], 1)
    assert sampler.moment(0) == 2**3001 - 1
    assert len(sampler.sample(1, generator(0))[0].tokens) == 3000
