"""Stand-alone trainings divided over processes, each whole in one: whoever is free takes the next.

Rank 0 trains too, and between its steps takes in what others have finished and commits it. A follower saves its running
training in a file of its own in the run folder, so a kill loses as little as in one process; whoever trains that job
later goes on from there. A training does not depend on who makes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from bnao.arch import Architecture
from bnao.distributed import Group, ProcessLost
from bnao.errors import BnaoError
from bnao.evaluation.measure import measure
from bnao.loop.saving import FileSaves
from bnao.loop.stage_names import alone_training
from bnao.loop.stages import Stage
from bnao.loop.stopping import Stop
from bnao.loop.workbench import Workbench
from bnao.training.loop import Epoch, Hooks, NoSaves, Saves, num_steps
from bnao.training.standalone import train_standalone

LOOK_SECONDS = 0.2  # between two looks at what others have posted
END_SECONDS = 120.0  # for followers to save, once the end is asked for
LAUNCHED_END_SECONDS = 20.0  # the same under a launcher: torchrun kills all 30 seconds after it has passed a signal on
FOLDER = "running"
"""Folder of a run with the running trainings of followers."""


@dataclass(frozen=True)
class Jobs:
    """Rank 0's word: train these alone. ``name`` is of this turn; ``folder`` takes the running ones."""

    name: str
    stage: str
    architectures: Sequence[Architecture]
    folder: Path

    def key(self, architecture: Architecture) -> str:
        """Name of one training and of its random streams."""
        return f"{self.stage}-{architecture.id}"

    def file(self, architecture: Architecture) -> Path:
        """Where a follower saves it."""
        return self.folder / f"{self.key(architecture)}.pt"


@dataclass(frozen=True)
class Done:
    """A job that is trained and measured on validation; ``curve`` where rank 0 has not told it yet."""

    architecture: Architecture
    state: Mapping[str, Tensor]
    valid_metric: float
    seconds: float
    curve: Sequence[Epoch] = ()


def train_alone(
    bench: Workbench, architecture: Architecture, stage_name: str, key: str, hooks: Hooks, saves: Saves
) -> Done:
    """Train with the stage's budget in this process. ``seconds`` are left to the caller. Raises NumericalError."""
    config = bench.config
    trained = train_standalone(
        bench.rerank.skeleton,
        architecture,
        bench.data.train,
        alone_training(config, stage_name),
        seed=config.seed,
        stage=key,
        objective=bench.objective,
        optimizer=bench.optimizer,
        hooks=hooks,
        saves=saves,
    )
    metric = measure(trained.module, bench.data.valid, bench.objective).metric
    return Done(architecture, trained.module.state_dict(), metric, 0.0, trained.curve)


class Leading:
    """Rank 0's side of one turn; ``is_own``: it has started the others itself."""

    def __init__(
        self, group: Group, jobs: Jobs, stage: Stage, before: int, keep: Callable[[Done], None], *, is_own: bool
    ) -> None:
        self._group, self._jobs, self._stage, self._keep = group, jobs, stage, keep
        self._before, self._own, self._looked = before, 0, 0.0
        self._heard = dict.fromkeys(range(1, group.size), 0)
        self._busy = set(self._heard)
        self._stopping = False
        self._patience = END_SECONDS if is_own else LAUNCHED_END_SECONDS

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Give the jobs out; at its end all are done. Where it is left by an exception, followers save and stop."""
        self._group.broadcast(self._jobs)
        try:
            yield
            while self._busy:
                self.look()
                self._group.require_alive()
                time.sleep(LOOK_SECONDS / 4)
        except ProcessLost:
            raise
        except BaseException:
            self._stop()
            raise

    def numbers(self) -> Iterator[int]:
        """Numbers of jobs for this process."""
        return _numbers(self._group, self._jobs)

    def hooks(self, architecture: Architecture) -> Hooks:
        """Of a training of rank 0's own."""
        told = self._stage.hooks(0, architecture=architecture.id)
        last = 0

        def on_step(done: int, figures: dict[str, float]) -> None:
            nonlocal last
            self._own, last = self._own + done - last, done
            self.look(figures)

        return Hooks(on_step=on_step, on_epoch=told.on_epoch)

    def look(self, figures: dict[str, float] | None = None) -> None:
        """Take in what followers have finished. Raises KeyboardInterrupt where the end was asked for."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._take_in()
            self._looked = time.monotonic()
        others = self._group.count(_steps(self._jobs), 0)
        self._stage.progress(self._before + self._own + others, figures)

    def _take_in(self) -> None:
        for rank in list(self._busy):
            while rank in self._busy and self._group.posted(_note(self._jobs, rank, self._heard[rank])):
                self._heard[rank] += 1
                said = self._group.receive(rank)
                if said is None:
                    self._busy.discard(rank)
                elif isinstance(said, Done):
                    told = self._stage.hooks(0, architecture=said.architecture.id)
                    for epoch in said.curve:
                        told.on_epoch(epoch)
                    self._keep(said)
                elif not self._stopping:
                    raise said

    def _stop(self) -> None:
        self._stopping, until = True, time.monotonic() + self._patience
        with suppress(ProcessLost):  # what is being raised says more
            self._group.post(_end(self._jobs))
            while self._busy and time.monotonic() < until:
                self._take_in()
                self._group.require_alive()
                time.sleep(LOOK_SECONDS / 4)


def follow_jobs(bench: Workbench, jobs: Jobs) -> None:
    """A follower's side of one turn."""
    group = bench.team.group
    heard = 0

    def say(value: Any) -> None:
        nonlocal heard
        group.post(_note(jobs, group.rank, heard))
        heard += 1
        group.send(value)

    for number in _numbers(group, jobs):
        architecture = jobs.architectures[number]
        try:
            done = _follow_one(bench, jobs, architecture)
        except KeyboardInterrupt:  # rank 0 has posted the end, and the training is saved
            break
        except ProcessLost:
            raise
        except BnaoError as error:
            say(error)
        else:
            say(done)
            with suppress(OSError):  # rank 0 has it, and removes the file itself where it sees it
                jobs.file(architecture).unlink(missing_ok=True)
    say(None)


def _follow_one(bench: Workbench, jobs: Jobs, architecture: Architecture) -> Done:
    group, stop, last, looked = bench.team.group, Stop(), 0, 0.0

    def on_step(done: int, figures: dict[str, float]) -> None:
        nonlocal last, looked
        stop.check()
        if time.monotonic() - looked >= LOOK_SECONDS:
            stop.asked = stop.asked or group.posted(_end(jobs))
            group.count(_steps(jobs), done - last)
            last, looked = done, time.monotonic()

    hooks, key, begin = Hooks(on_step=on_step), jobs.key(architecture), time.monotonic()
    with suppress(OSError):
        jobs.folder.mkdir(exist_ok=True)
    if not jobs.folder.is_dir():  # a run folder that this machine does not see: then nothing is saved within a job
        done, seconds = train_alone(bench, architecture, jobs.stage, key, hooks, NoSaves()), time.monotonic() - begin
    else:
        again = "go on with the run"
        saves = FileSaves(jobs.file(architecture), bench.config.save_seconds, stop, again=again)
        done, seconds = train_alone(bench, architecture, jobs.stage, key, hooks, saves), saves.seconds
    group.count(_steps(jobs), num_steps(alone_training(bench.config, jobs.stage), len(bench.data.train)) - last)
    return Done(done.architecture, _on_cpu(done.state), done.valid_metric, seconds, done.curve)


def _on_cpu(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu() for name, tensor in state.items()}


def _numbers(group: Group, jobs: Jobs) -> Iterator[int]:
    """Each number is given to one process only, until none is left or the end is posted."""
    while not group.posted(_end(jobs)):
        number = group.count(f"{jobs.name}/next", 1) - 1
        if number >= len(jobs.architectures):
            return
        yield number


def _end(jobs: Jobs) -> str:
    return f"{jobs.name}/end"


def _steps(jobs: Jobs) -> str:
    return f"{jobs.name}/steps"


def _note(jobs: Jobs, rank: int, number: int) -> str:
    return f"{jobs.name}/said/{rank}/{number}"
