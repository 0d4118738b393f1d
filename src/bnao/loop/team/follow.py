"""A follower: a process that builds what rank 0 has, and serves until rank 0 says that the work is over.

It writes nothing but running stand-alone trainings, says nothing, and ends without a word when rank 0 does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from bnao.distributed import Group, ProcessLost
from bnao.distributed.ranks import Ranks
from bnao.errors import BnaoError, RunError, require
from bnao.loop.given import Given
from bnao.loop.inputs import Inputs
from bnao.loop.team.team import Team
from bnao.loop.team.words import Begin, End, Fail, Ready
from bnao.loop.team.work import Work
from bnao.loop.workbench import num_threads_of
from bnao.training.device import resolve_device, threads
from bnao.training.memory import keeping_freed_memory


class Ended(Exception):
    """Rank 0 has ended without a result."""


@dataclass(frozen=True)
class Followed:
    """What rank 0 said at the end, and what the work was done with (None where it was finished before)."""

    result: Any
    bench: Any


def follow(group: Ranks, given: Given, number: int) -> Followed:
    """Serve rank 0 to the end, on GPU ``number`` where the work is done on GPUs.

    Raises Ended where rank 0 fails or is gone, BnaoError where this process cannot go on.
    """
    try:
        begin = group.broadcast()
        if isinstance(begin, End):
            return Followed(begin.result, None)
        if not isinstance(begin, Begin):
            raise Ended
        count = num_threads_of(begin.config.threads)
        with threads(count), keeping_freed_memory():
            work = _joined(group, begin, given, number).joined(Team(group, begin.parts), count)
            if not isinstance(group.broadcast(), Ready):
                raise Ended
            group.prepare(work.device, begin.config.timeout_minutes)
            return Followed(_serve(group, work), work.bench)
    except ProcessLost as error:
        raise Ended from error


def _joined(group: Ranks, begin: Begin, given: Given, number: int) -> Work:
    """The work; rank 0 hears the data that this process sees, or why there are none."""
    try:
        if resolve_device(begin.config.device).type == "cuda":
            require_gpus(torch.device("cuda"), number + 1)
            torch.cuda.set_device(number)
        work = begin.kind.following(begin.config, given)
        told: Inputs | str = work.inputs()
    except BnaoError as error:
        group.gather(str(error))
        raise
    group.gather(told)
    return work


def _serve(group: Group, work: Work) -> Any:
    """Do what rank 0 says, until it says End: its result. Raises Ended, ProcessLost."""
    while True:
        said = group.broadcast()
        if isinstance(said, End):
            return said.result
        if isinstance(said, Fail):
            raise Ended
        work.do(said)


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
                    f"all processes of a run have the same {what}; process {rank} has other ones than process 0: "
                    "give all of them the same"
                )


def require_gpus(device: torch.device, wanted: int) -> None:
    """Raise SettingError where work on GPUs has fewer than ``wanted`` on this machine."""
    if device.type == "cuda":
        there = torch.cuda.device_count()
        require(
            wanted <= there,
            f"each process of a machine has a GPU of its own; torch sees {there}",
            f"{wanted} processes",
            "start no more processes than GPUs, or use device = cpu",
        )
