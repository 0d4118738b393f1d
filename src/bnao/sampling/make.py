"""How a policy is made by name (imports no torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.sampling import (  # noqa: F401  (each registers its policy)
    adaptive,
    calr,
    fair,
    macs_proportional,
    sandwich,
    size_proportional,
    uniform,
)
from bnao.sampling.base import POLICIES, Policy, PolicySetup, Schedule
from bnao.sampling.config import SamplingConfig

if TYPE_CHECKING:
    from bnao.cost.sizes import SizeTable


def make_policy(
    config: SamplingConfig,
    *,
    feasible: FeasibleSpace,
    sizes: SizeTable,
    pool: Sequence[Architecture] | None,
    seed: int,
    schedule: Schedule | None = None,
) -> Policy:
    """The policy that ``config`` names.

    ``sizes`` counts the networks whose sizes are meant: the paper's are stand-alone networks, so give the table of the
    supernet's skeleton with ``output="concat"``. ``pool`` is the round's (its new architectures, METHOD step 6), read
    where ``config.over`` is ``pool``. ``seed`` names the stream of draws over the space: give each round its own, e.g.
    ``torch_seed(seed, "sampling", round)``. ``schedule`` is read by policies that scale the learning rate
    (:func:`bnao.training.loop.schedule` gives it).

    Raises SettingError for an unknown policy (with the nearest name), for a missing or empty pool or one with repeats,
    for a missing schedule, for a setting that the policy does not read, and for a space or limits that it cannot keep.

    >>> from bnao.sampling import POLICIES
    >>> POLICIES.names()
    ('adaptive', 'calr', 'fair', 'macs_proportional', 'sandwich', 'size_proportional', 'uniform')
    """
    setup = PolicySetup(
        config=config,
        feasible=feasible,
        sizes=sizes,
        pool=None if pool is None else tuple(pool),
        seed=seed,
        schedule=schedule,
    )
    return POLICIES.get(config.policy)(setup)
