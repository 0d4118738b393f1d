"""How a policy is made by name (imports no torch)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.sampling import size_proportional, uniform  # noqa: F401  (each registers its policy)
from bnao.sampling.base import POLICIES, Policy, PolicySetup
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
) -> Policy:
    """The policy that ``config`` names.

    ``sizes`` counts the networks whose sizes are meant: the paper's are stand-alone networks, so give the table of the
    supernet's skeleton with ``output="concat"``. ``pool`` is the round's (its new architectures, METHOD step 6), read
    where ``config.over`` is ``pool``. ``seed`` names the stream of draws over the space: give each round its own, e.g.
    ``torch_seed(seed, "sampling", round)``.

    Raises SettingError for an unknown policy (with the nearest name), for a missing or empty pool or one with repeats,
    and for a setting that the policy does not read.

    >>> from bnao.sampling import POLICIES
    >>> POLICIES.names()
    ('size_proportional', 'uniform')
    """
    setup = PolicySetup(
        config=config, feasible=feasible, sizes=sizes, pool=None if pool is None else tuple(pool), seed=seed
    )
    return POLICIES.get(config.policy)(setup)
