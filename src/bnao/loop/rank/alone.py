"""Train one job, measure it on held-out data, and keep the running training in a file of its own.

A running training is saved as those of a search are (every ``save_seconds``, at most 2 % of the time, at once on
Ctrl-C) and goes on from there to the same bits, in whichever process; a job has one worker at a time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bnao.cost.limits import Limits
from bnao.data.search_data import TestData
from bnao.errors import NumericalError, RunError
from bnao.evaluation.measure import measure
from bnao.loop.config import SearchConfig
from bnao.loop.rank.jobs import Job, Training
from bnao.loop.saving import SaveClock
from bnao.loop.stopping import Stop
from bnao.loop.workbench import Workbench
from bnao.storage import load_state, save_state
from bnao.training.loop import Hooks
from bnao.training.standalone import train_standalone


def alone_config(config: SearchConfig) -> SearchConfig:
    """The settings of a run for its stand-alone trainings: one thread each, so results know nothing of processes.

    The limits have done their work: whatever is in the pool keeps them.
    """
    return replace(config, threads=1, limits=Limits())


def running_path(place: Path, job: Job) -> Path:
    """Where the running training of a job is saved."""
    return place / f"{job.key}.pt"


class FileSaves:
    """Saves of one training in the file ``path``, atomically, every ``every`` seconds and when ``stop`` is asked."""

    def __init__(self, path: Path, every: float, stop: Stop) -> None:
        self._path, self._stop = path, stop
        self._clock = SaveClock(every, stop)

    @property
    def seconds(self) -> float:
        """Seconds spent on this training, in former processes up to their last save too."""
        return self._clock.seconds

    def load(self) -> Mapping[str, Any] | None:
        """What was saved; None if nothing was. Raises RunError if it is damaged."""
        if not self._path.exists():
            return None
        try:
            saved = load_state(self._path)
        except RunError as error:
            what = str(error).rpartition(": ")[0]
            raise RunError(f"{what}: remove it and rank again, and this one training begins anew") from error
        self._clock.before = saved["seconds"]
        state: Mapping[str, Any] = saved["state"]
        return state

    def due(self) -> bool:
        """Whether to save now. A stop that is asked for after this answer waits for the next one."""
        return self._clock.due()

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep the state. Raises RunError when the disk refuses; the former state stays."""
        with self._clock.saving():
            save_state(self._path, {"seconds": self.seconds, "state": dict(state)})
        self._stop.unsaved = False


def train_job(
    bench: Workbench, test: TestData, job: Job, *, seed: int, place: Path, stop: Stop, hooks: Hooks
) -> Training:
    """Train with the re-ranking's network and settings, measure on ``test``. What diverges is an outcome too."""
    config = bench.config
    saves = FileSaves(running_path(place, job), config.save_seconds, stop)
    try:
        trained = train_standalone(
            bench.rerank.skeleton,
            bench.space.grammar.parse(job.text),
            bench.data.train,
            config.rerank.training,
            seed=seed,
            stage=job.key,
            objective=bench.objective,
            optimizer=bench.optimizer,
            hooks=hooks,
            saves=saves,
        )
    except NumericalError as error:
        return Training(key=job.key, metric=None, seconds=saves.seconds, failure=str(error))
    metric = measure(trained.module, test.images, bench.objective).metric
    if not math.isfinite(metric):
        failure = f"{bench.objective.metric.name} is {metric} on the held-out data"
        return Training(key=job.key, metric=None, seconds=saves.seconds, failure=failure)
    return Training(key=job.key, metric=metric, seconds=saves.seconds)
