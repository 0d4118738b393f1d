"""The smallest and the largest architecture, against looking at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bnao.cost.feasible import FeasibleSpace
from bnao.cost.limits import Limits
from bnao.errors import SettingError
from bnao.sampling import PolicySetup, extremes
from bnao.sampling.config import SamplingConfig
from bnao.sampling.extremes import find_extremes


def setup(space: Any, pool: Any = None, limits: Limits | None = None, **settings: Any) -> PolicySetup:
    feasible = FeasibleSpace(space.grammar, space.sizes, limits)
    return PolicySetup(config=SamplingConfig(**settings), feasible=feasible, sizes=space.sizes, pool=pool, seed=0)


@pytest.mark.parametrize("size", ["standalone", "chosen_ops"])
def test_of_a_space_that_is_listed(listed: Callable[..., Any], size: str) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    found, sizes = find_extremes(setup(space, over="space", size=size)), space.size(size)
    assert (found.smallest_size, found.largest_size) == (sizes.min(), sizes.max())
    assert "(exact)" in found.describe()


def test_limits_are_kept(listed: Callable[..., Any]) -> None:
    space = listed()
    limit = int(np.median(space.size("standalone")))
    found = find_extremes(setup(space, limits=Limits(max_params=limit), over="space"))
    sizes = space.size("standalone")
    assert found.largest_size == sizes[sizes <= limit].max()


def test_of_a_pool(listed: Callable[..., Any]) -> None:
    space = listed()
    pool = tuple(space.architectures[10:40])
    found, sizes = find_extremes(setup(space, pool, over="pool")), space.size("standalone")[10:40]
    assert found.smallest == pool[int(sizes.argmin())] and found.largest == pool[int(sizes.argmax())]
    for none in (None, ()):
        with pytest.raises(SettingError, match="pool needs one"):
            find_extremes(setup(space, none, over="pool"))


@pytest.mark.parametrize("limited", [False, True])
def test_climbing_comes_to_the_ends_and_says_that_it_climbed(
    listed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    limits = Limits(max_params=int(np.median(space.size("standalone")))) if limited else None
    exact = find_extremes(setup(space, limits=limits, over="space"))
    monkeypatch.setattr(extremes, "ENUMERABLE", 0)
    monkeypatch.setattr(extremes, "DRAWS", 16)
    climbed = find_extremes(setup(space, limits=limits, over="space"))
    assert climbed.smallest_size == exact.smallest_size
    assert (0.99 if limited else 1.0) * exact.largest_size <= climbed.largest_size <= exact.largest_size
    assert "approximate" in climbed.describe()
    assert climbed == find_extremes(setup(space, limits=limits, over="space"))
