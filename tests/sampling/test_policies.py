"""Every registered policy keeps what is promised of all, over the pool and over the space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bnao.cost.feasible import FeasibleSpace
from bnao.cost.limits import Limits
from bnao.sampling import POLICIES, Schedule
from bnao.testing.policies import check_policy

SCHEDULE = Schedule(1000, lambda step: 0.1)
CASES = [(name, over) for name in POLICIES.names() for over in ("pool", "space") if (name, over) != ("fair", "pool")]


@pytest.mark.parametrize(("name", "over"), CASES)
@pytest.mark.parametrize("limited", [False, True])
def test_conformance(listed: Callable[..., Any], name: str, over: str, limited: bool) -> None:
    space = listed(2, "sep_conv_3x3,identity")
    limits = Limits(max_params=int(np.quantile(space.size("standalone"), 0.9))) if limited else None
    feasible = FeasibleSpace(space.grammar, space.sizes, limits)
    pool = [a for a in space.architectures[::200] if feasible.contains(a)] if over == "pool" else None
    check_policy(
        lambda: space.policy(pool, feasible=feasible, schedule=SCHEDULE, policy=name, over=over), feasible, steps=60
    )


@pytest.mark.parametrize("name", POLICIES.names())
def test_the_first_line_says_what_is_drawn(name: str) -> None:
    text = (POLICIES.get(name).__doc__ or "").split("\n")[0]
    assert "arXiv" in text or name == "adaptive", "a policy names its paper, or says that it is ours"
