"""What a training would do, from two real steps of it."""

from __future__ import annotations

import math
import time

from bnao.evaluation.measure import measure
from bnao.loop.dry.result import DryRun
from bnao.loop.dry.steps import Asked, described, try_steps
from bnao.loop.plan.machine import memory_words
from bnao.loop.stages import StageLog
from bnao.loop.train.bench import TrainBench
from bnao.loop.train.divided import lead_training
from bnao.loop.workbench import num_threads_of
from bnao.spaces.placing import place
from bnao.training.config import TrainingConfig
from bnao.training.device import threads
from bnao.training.loop import Hooks

MEASURED = 500  # test images that are timed


def try_training(bench: TrainBench, log: StageLog) -> DryRun:
    """Two steps and a batch of test images."""
    effective, config = bench.config.effective, bench.config

    def run(training: TrainingConfig, hooks: Hooks) -> None:
        trained = lead_training(bench, training, "dry-run", hooks=hooks)
        place(trained.module, bench.device)
        begin = time.perf_counter()
        measure(trained.module, few)
        measured.append((time.perf_counter() - begin) / len(few))

    import torch

    few = bench.test.images.take(torch.arange(min(MEASURED, len(bench.test.images))))
    measured: list[float] = []
    with threads(num_threads_of(config.threads)), log.stage("steps", "two steps, and test images", None, "steps"):
        tried = try_steps(Asked(effective, len(bench.train)), bench.device, run)
    network = described("network", bench.skeleton, bench.sizes, bench.architecture, tried)
    tests = math.ceil(math.ceil(effective.epochs) / config.test_every)
    testing = (measured[-1] if measured else 0.0) * len(bench.test.images) * tests / bench.team.group.size
    facts = [
        ("architecture", f"{bench.origin.architecture}: {bench.architecture}"),
        ("data", f"{config.data.source}: {len(bench.train):,} training images, {len(bench.test.images):,} to measure "
         f"on ({bench.test.measured}), {bench.task.num_classes} classes"),
        ("schedule", f"{effective.epochs:g} epochs, learning rate {effective.learning_rate:g} for a batch of "
         f"{effective.batch_size}, {effective.schedule}, in {config.training.precision}"),
        ("device", f"{bench.device}, {num_threads_of(config.threads)} thread(s)"),
    ]  # fmt: skip
    team = bench.team
    if team.group.size > 1:
        parts = team.shards(bench.config.training).total
        facts.append(("processes", f"{team.group.size}, a batch in {parts} parts; times are of all, memory of one"))
    if bench.origin.width:
        facts.insert(1, ("width", bench.origin.width))
    advice = [f"Measuring on test images: {tests} times, about {testing:.0f} s in all."]
    return DryRun(facts=facts, networks=[network], memory_how=memory_words(bench.device), advice=advice)
