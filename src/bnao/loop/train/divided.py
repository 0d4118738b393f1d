"""A training by several processes: each runs its parts of every batch, and measures its part of the test images."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self, final

import torch
from torch import nn

from bnao.data.batches import steps_per_epoch
from bnao.distributed.agreement import Disagreement
from bnao.errors import NumericalError
from bnao.loop.events import Silent
from bnao.loop.given import Given
from bnao.loop.inputs import Inputs
from bnao.loop.stages import StageLog
from bnao.loop.team.team import Team
from bnao.loop.team.work import Work
from bnao.loop.train.bench import TrainBench, prepare_following, training_inputs
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.tested import TestFigures, classify_together
from bnao.training.config import TrainingConfig
from bnao.training.loop import Epoch, Hooks, Saves, num_steps
from bnao.training.standalone import TrainedNetwork, train_standalone
from bnao.training.together import Left

Watch = Callable[[Epoch, TestFigures | None], None]
"""Hears each epoch, with the test images' figures where they were measured."""


@dataclass(frozen=True)
class TrainNetwork:
    """Rank 0's word: train the network so, under random streams named ``stage``. The state and the plans follow."""

    training: TrainingConfig
    stage: str
    measured: bool


def last_epoch(training: TrainingConfig, num_images: int) -> int:
    """The number, from 1, of the last epoch, which may be a part of one."""
    return math.ceil(num_steps(training, num_images) / steps_per_epoch(num_images, training.batch_size))


def lead_training(
    bench: TrainBench,
    training: TrainingConfig,
    stage: str,
    *,
    hooks: Hooks,
    saves: Saves | None = None,
    watch: Watch | None = None,
) -> TrainedNetwork:
    """Rank 0's side. With ``watch`` all processes measure the test images after each epoch, ``test_every`` for fewer.

    Raises as :func:`~bnao.training.loop.train` does, and DataError for a picture that is damaged.
    """
    said = TrainNetwork(training, stage, watch is not None)
    bench.team.group.broadcast(said)
    return _train(bench, said, hooks, saves, watch)


def _train(
    bench: TrainBench, said: TrainNetwork, hooks: Hooks | None, saves: Saves | None, watch: Watch | None
) -> TrainedNetwork:
    config, training, group = bench.config, said.training, bench.team.group
    last = last_epoch(training, len(bench.train))

    def measure(epoch: Epoch, module: nn.Module) -> None:
        wanted = epoch.epoch == last or epoch.epoch % config.test_every == 0
        figures = classify_together(group, module, bench.test.images) if wanted else None
        if watch is not None:
            watch(epoch, figures)

    return train_standalone(
        bench.skeleton,
        bench.architecture,
        bench.train,
        training,
        seed=config.seed,
        stage=said.stage,
        hooks=hooks,
        saves=saves,
        shards=bench.team.shards(training),
        watch=measure if said.measured else None,
    )


@final
class TrainWork(Work):
    """The training of one network, with what it works with."""

    def __init__(self, bench: TrainBench) -> None:
        self._bench = bench

    @classmethod
    def following(cls, config: Any, given: Given) -> Self:
        return cls(prepare_following(config, StageLog(Silent())))

    @property
    def bench(self) -> TrainBench:
        """The training's."""
        return self._bench

    @property
    def config(self) -> TrainConfig:
        return self._bench.config

    @property
    def device(self) -> torch.device:
        return self._bench.device

    def inputs(self) -> Inputs:
        return training_inputs(self._bench)

    def joined(self, team: Team, threads: int | None) -> Self:
        bench = self._bench
        return type(self)(replace(bench, config=replace(bench.config, threads=threads), team=team))

    def do(self, said: Any) -> None:
        if isinstance(said, TrainNetwork):
            with suppress(NumericalError, Disagreement, Left):  # rank 0 has left the training too, and says what comes
                _train(self._bench, said, None, None, None)
