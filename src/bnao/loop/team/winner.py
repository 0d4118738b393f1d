"""The winner's training by all processes of a team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from bnao.arch import Architecture
from bnao.loop.workbench import Workbench
from bnao.training.loop import Hooks, Saves
from bnao.training.standalone import TrainedNetwork, train_standalone

STAGE = "final"


@dataclass(frozen=True)
class Final:
    """Rank 0's word: train this architecture on all data. The state, inherited or not, follows."""

    architecture: Architecture


def lead_final(
    bench: Workbench,
    architecture: Architecture,
    inherited: Mapping[str, Tensor] | None,
    hooks: Hooks,
    saves: Saves,
) -> TrainedNetwork:
    """Rank 0's side. Raises as :func:`~bnao.training.loop.train` does."""
    bench.team.group.broadcast(Final(architecture))
    return _train(bench, architecture, inherited, hooks, saves)


def follow_final(bench: Workbench, said: Final) -> None:
    """A follower's side: the network is rank 0's."""
    _train(bench, said.architecture, None, None, None)


def _train(
    bench: Workbench,
    architecture: Architecture,
    inherited: Mapping[str, Tensor] | None,
    hooks: Hooks | None,
    saves: Saves | None,
) -> TrainedNetwork:
    config = bench.config
    return train_standalone(
        bench.delivered.skeleton,
        architecture,
        bench.data.train.joined(bench.data.valid),
        config.final.training,
        seed=config.seed,
        stage=STAGE,
        objective=bench.objective,
        optimizer=bench.optimizer,
        inherited=inherited,
        hooks=hooks,
        saves=saves,
        shards=bench.team.shards(config.final.training),
    )
