"""The sampling policy of a search, as the workbench has it."""

from __future__ import annotations

from collections.abc import Sequence

from bnao.arch import Architecture
from bnao.loop.workbench import Workbench
from bnao.sampling import Policy, make_policy
from bnao.training.loop import schedule


def search_policy(bench: Workbench, pool: Sequence[Architecture], seed: int) -> Policy:
    """The configured policy over ``pool``, for one round of the supernet's training. Raises SettingError."""
    config = bench.config
    return make_policy(
        config.sampling,
        feasible=bench.feasible,
        sizes=bench.sampled.sizes,
        pool=pool,
        seed=seed,
        schedule=schedule(config.supernet.training, len(bench.data.train)),
    )
