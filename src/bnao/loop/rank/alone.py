"""Train one job, measure it on held-out data, and keep the running training in a file of its own.

A running training is saved as those of a search are (every ``save_seconds``, at most 2 % of the time, at once on
Ctrl-C) and goes on from there to the same bits, in whichever process; a job has one worker at a time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from bnao.cost.limits import Limits
from bnao.data.search_data import TestData
from bnao.errors import NumericalError
from bnao.evaluation.measure import measure
from bnao.loop.config import SearchConfig
from bnao.loop.rank.jobs import Job, Training
from bnao.loop.saving import FileSaves
from bnao.loop.stopping import Stop
from bnao.loop.workbench import Workbench
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


def train_job(
    bench: Workbench, test: TestData, job: Job, *, seed: int, place: Path, stop: Stop, hooks: Hooks
) -> Training:
    """Train with the re-ranking's network and settings, measure on ``test``. What diverges is an outcome too."""
    config = bench.config
    saves = FileSaves(running_path(place, job), config.save_seconds, stop, again="rank again")
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
