"""A training under each policy, killed and resumed, ends with the bits of one that never stopped."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.test_loop import CONFIG, SMALL, SPACE, TASK, _learnable

from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.sampling import POLICIES, make_policy
from bnao.sampling.config import SamplingConfig
from bnao.sampling.counting import CountingPolicy
from bnao.spaces.config import NetworkConfig
from bnao.supernet import Supernet
from bnao.training.loop import Hooks, Weights, schedule, train

SIZES = SizeTable(SPACE.skeleton(NetworkConfig(cells_per_stage=1, channels=4), TASK))
POOL = SPACE.grammar.sample_distinct(12, np.random.default_rng(3))
KILLED_AT = 5


class Killed(Exception):
    """The process ends here."""


class Kept:
    """Saves after every step, as bytes."""

    def __init__(self) -> None:
        self.bytes = b""

    def load(self) -> Mapping[str, Any] | None:
        return torch.load(io.BytesIO(self.bytes), weights_only=True) if self.bytes else None

    def due(self) -> bool:
        return True

    def save(self, state: Mapping[str, Any]) -> None:
        file = io.BytesIO()
        torch.save(state, file)
        self.bytes = file.getvalue()


def run(name: str, saves: Kept, stop: int | None) -> tuple[dict[str, torch.Tensor], list[Any], dict[str, int]]:
    torch.manual_seed(0)
    supernet = Supernet(SPACE.skeleton(SMALL, TASK).build_supernet())
    policy = CountingPolicy(
        make_policy(
            SamplingConfig(policy=name, over="space" if name == "fair" else "pool"),
            feasible=FeasibleSpace(SPACE.grammar),
            sizes=SIZES,
            pool=POOL,
            seed=7,
            schedule=schedule(CONFIG, 64),
        )
    )

    def on_step(done: int, figures: dict[str, float]) -> None:
        if done == stop:
            raise Killed

    weights, hooks = Weights.fresh(supernet, CONFIG), Hooks(on_step=on_step)
    curve = train(weights, policy, _learnable(), CONFIG, seed=0, stage="s", hooks=hooks, saves=saves)
    return supernet.root.state_dict(), curve, dict(policy.counts)


@pytest.mark.parametrize("name", POLICIES.names())
def test_resumed_to_the_bit(name: str) -> None:
    whole, curve, counts = run(name, Kept(), None)
    saves = Kept()
    with pytest.raises(Killed):
        run(name, saves, KILLED_AT)
    resumed, curve_again, counts_again = run(name, saves, None)
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)
    assert (curve, counts) == (curve_again, counts_again)
    assert sum(counts.values()) == 8 * {"fair": 5, "sandwich": 4}.get(name, 1)
