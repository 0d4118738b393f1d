"""A search as the work of several processes: what a follower does of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, Self, final

import torch

from bnao.cost.limits import Limits
from bnao.distributed.agreement import Disagreement
from bnao.errors import NumericalError
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.loop.config import SearchConfig
from bnao.loop.given import Given
from bnao.loop.inputs import Inputs, inputs_now
from bnao.loop.shared_weights import Shared, make_shared
from bnao.loop.team.jobs import Jobs, follow_jobs
from bnao.loop.team.scoring import Score, score_share
from bnao.loop.team.team import Team
from bnao.loop.team.winner import Final, follow_final
from bnao.loop.team.words import TrainShared, WeightsComing
from bnao.loop.team.work import Work
from bnao.loop.workbench import Workbench, make_workbench
from bnao.sampling.base import Policy
from bnao.training.loop import train
from bnao.training.together import Left, Told


@final
class SearchWork(Work):
    """Works with ``bench``; in a follower the shared weights are built when they are first wanted."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._shared: Shared | None = None
        self._evaluator: OneShotEvaluator | None = None

    @classmethod
    def following(cls, config: Any, given: Given) -> Self:
        return cls(make_workbench(replace(config, limits=Limits()), begun=True, given=given))

    @property
    def bench(self) -> Workbench:
        """The search's."""
        return self._bench

    @property
    def config(self) -> SearchConfig:
        """What a new pool starts from is rank 0's affair."""
        config = self._bench.config
        return replace(config, loop=replace(config.loop, known=None))

    @property
    def device(self) -> torch.device:
        return self._bench.device

    def inputs(self) -> Inputs:
        return inputs_now(self._bench)

    def joined(self, team: Team, threads: int | None) -> Self:
        bench = self._bench
        return type(self)(replace(bench, config=replace(bench.config, threads=threads), team=team))

    def do(self, said: Any) -> None:
        bench = self._bench
        if isinstance(said, TrainShared | Final):
            with suppress(NumericalError, Disagreement, Left):  # rank 0 has left the training too, and says what comes
                if isinstance(said, Final):
                    follow_final(bench, said)
                else:
                    self._train(said)
        elif isinstance(said, WeightsComing):
            self._weights().weights.load_state_dict(bench.team.group.broadcast_state())
        elif isinstance(said, Score):
            score_share(bench.team.group, self._scoring(), said)
        elif isinstance(said, Jobs):
            follow_jobs(bench, said)

    def _weights(self) -> Shared:
        if self._shared is None:
            self._shared = make_shared(self._bench)
        return self._shared

    def _scoring(self) -> OneShotEvaluator:
        if self._evaluator is None:
            self._evaluator = self._weights().evaluator(self._bench)
        return self._evaluator

    def _train(self, said: TrainShared) -> None:
        bench, training = self._bench, self._bench.config.supernet.training
        told: Policy = Told(bench.team.group)
        train(
            self._weights().weights, told, bench.data.train, training, seed=bench.config.seed, stage=said.stage,
            objective=bench.objective, shards=bench.team.shards(training),
        )  # fmt: skip
