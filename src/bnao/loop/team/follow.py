"""A follower: a process that builds what rank 0 has, and serves until rank 0 says that the search is over.

It writes nothing but running stand-alone trainings, says nothing, and ends without a word when rank 0 does.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch

from bnao.cost.limits import Limits
from bnao.distributed import ProcessLost
from bnao.distributed.agreement import Disagreement
from bnao.distributed.ranks import Ranks
from bnao.errors import BnaoError, NumericalError, RunError, require
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.loop.config import SearchConfig
from bnao.loop.given import Given
from bnao.loop.inputs import Inputs, inputs_now
from bnao.loop.shared_weights import Shared, make_shared
from bnao.loop.team.jobs import Jobs, follow_jobs
from bnao.loop.team.scoring import Score, score_share
from bnao.loop.team.team import Team
from bnao.loop.team.winner import Final, follow_final
from bnao.loop.team.words import Begin, End, Fail, Ready, TrainShared, WeightsComing
from bnao.loop.workbench import Workbench, make_workbench, num_threads
from bnao.sampling.base import Policy
from bnao.training.device import resolve_device, threads
from bnao.training.loop import train
from bnao.training.together import Left, Told


class Ended(Exception):
    """Rank 0 has ended without a result."""


@dataclass(frozen=True)
class Followed:
    """What rank 0 said at the end, and what the search was made with (None where it was finished before)."""

    result: Any
    bench: Workbench | None


def follow(group: Ranks, given: Given, number: int) -> Followed:
    """Serve rank 0 to the end, on GPU ``number`` where the search runs on GPUs.

    Raises Ended where rank 0 fails or is gone, BnaoError where this process cannot go on.
    """
    try:
        begin = group.broadcast()
        if isinstance(begin, End):
            return Followed(begin.result, None)
        if not isinstance(begin, Begin):
            raise Ended
        with threads(num_threads(begin.config)):
            bench = _joined(group, begin, given, number)
            if not isinstance(group.broadcast(), Ready):
                raise Ended
            group.prepare(bench.device, begin.config.timeout_minutes)
            return Followed(Follower(bench).serve(), bench)
    except ProcessLost as error:
        raise Ended from error


def _joined(group: Ranks, begin: Begin, given: Given, number: int) -> Workbench:
    """The workbench; rank 0 hears the data that this process sees, or why there are none."""
    try:
        if resolve_device(begin.config.device).type == "cuda":
            require_gpus(torch.device("cuda"), number + 1)
            torch.cuda.set_device(number)
        bench = make_workbench(replace(begin.config, limits=Limits()), begun=True, given=given)
        told: Inputs | str = inputs_now(bench)
    except BnaoError as error:
        group.gather(str(error))
        raise
    group.gather(told)
    return replace(bench, team=Team(group, begin.parts))


class Follower:
    """Serves with ``bench``; shared weights are built when they are first wanted."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._shared: Shared | None = None
        self._evaluator: OneShotEvaluator | None = None

    def serve(self) -> Any:
        """Do what rank 0 says, until it says End: its result. Raises Ended, ProcessLost."""
        group = self._bench.team.group
        while True:
            said = group.broadcast()
            if isinstance(said, End):
                return said.result
            if isinstance(said, Fail):
                raise Ended
            self._do(said)

    def _do(self, said: Any) -> None:
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
        # anything else belongs to a training that was left

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


def refuse_other_inputs(found: list[Inputs | str]) -> None:
    """Raise RunError where a process has other data, plugins or choices than rank 0, or could not begin."""
    for rank, inputs in enumerate(found):
        if isinstance(inputs, str):
            raise RunError(f"process {rank} of {len(found)} could not begin: {inputs}")
        first = found[0]
        assert isinstance(first, Inputs)
        for name, what in (("data", "data"), ("plugins", "plugin files"), ("space", "choices of the model")):
            if getattr(inputs, name) != getattr(first, name):
                raise RunError(
                    f"all processes of a search have the same {what}; process {rank} has other ones than process 0: "
                    "give all of them the same"
                )


def require_gpus(device: torch.device, wanted: int) -> None:
    """Raise SettingError where a search on GPUs has fewer than ``wanted`` on this machine."""
    if device.type == "cuda":
        there = torch.cuda.device_count()
        require(
            wanted <= there,
            f"each process of a machine has a GPU of its own; torch sees {there}",
            f"{wanted} processes",
            "start no more processes than GPUs, or search with device = cpu",
        )


def plain(config: SearchConfig) -> SearchConfig:
    """The settings as followers get them: what a new pool starts from is rank 0's affair."""
    return replace(config, loop=replace(config.loop, known=None))
