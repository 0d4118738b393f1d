"""Exact sums and draws by dynamic programming, against brute force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bnao.rng import generator
from bnao.spaces.additive import below
from bnao.testing.policies import check_frequencies

CASES = [
    (1, "sep_conv_3x3,max_pool_3x3", "concat"),
    (2, "sep_conv_3x3,identity", "concat"),
    (2, "sep_conv_3x3,zero", "project"),
    (3, "identity", "concat"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("chosen_only", [False, True])
def test_moments_equal_brute_force(listed: Callable[..., Any], case: tuple[Any, ...], chosen_only: bool) -> None:
    space = listed(*case)
    sizes = [int(s) for s in space.size("chosen_ops" if chosen_only else "standalone")]
    sampler = space.sizes.additive_sampler(3, chosen_only=chosen_only)
    for order in range(4):
        assert sampler.moment(order) == sum(s**order for s in sizes)
    assert sampler.mean == pytest.approx(np.mean(sizes), rel=1e-12)
    assert sampler.exponent == 3
    assert space.sizes.additive_sampler(0).moment(1) == sum(int(s) for s in space.size("standalone"))


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("exponent", [0, 1, 3])
def test_each_cell_is_drawn_as_often_as_defined(
    listed: Callable[..., Any], case: tuple[Any, ...], exponent: int
) -> None:
    """Both cells' marginals, over thousands of cells in all; the two cells depend on one another where exponent > 0."""
    space = listed(*case)
    weights = space.size("standalone") ** exponent
    drawn = space.sizes.additive_sampler(exponent).sample(6000, generator(1, "draws"))
    half = len(drawn[0].tokens) // 2
    for part in (slice(0, half), slice(half, None)):
        expected: dict[str, float] = {}
        for architecture, weight in zip(space.architectures, weights, strict=True):
            key = str(architecture.tokens[part])
            expected[key] = expected.get(key, 0.0) + weight
        check_frequencies(drawn, expected, key=lambda a, part=part: str(a.tokens[part]))  # type: ignore[misc]
    assert all(a.is_canonical and a == space.grammar.architecture(a.tokens) for a in drawn)


def test_draws_of_whole_architectures(listed: Callable[..., Any]) -> None:
    space = listed(1)
    drawn = space.sizes.additive_sampler(4).sample(8000, generator(2, "draws"))
    check_frequencies(drawn, space.expected("standalone", 4, 0.0))


def test_below_is_uniform_beyond_64_bits() -> None:
    limit = 5 * 2**70
    fifths = np.bincount([below(limit, generator(0, i)) // 2**70 for i in range(5000)], minlength=5)
    assert fifths.shape == (5,) and abs(fifths - 1000).max() < 120
    assert below(1, generator(0)) == 0
