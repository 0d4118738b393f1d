"""Stand-alone training of two arms with one budget (METHOD, step 7): the best by score, and as many random ones.

Both arms choose on validation; both choices are measured on held-out data afterwards, so best-of-k is compared with
best-of-k.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from bnao.arch import Architecture
from bnao.loop.by_size import first_to_train
from bnao.loop.saving import StageSaves
from bnao.loop.stage_names import alone_training
from bnao.loop.stages import Stage, StageLog
from bnao.loop.team.jobs import FOLDER, Done, Jobs, Leading, train_alone
from bnao.loop.workbench import Workbench
from bnao.objective.info import MetricInfo, metric_info
from bnao.rng import generator
from bnao.storage import Commit, Pool, RunFolder, from_dict
from bnao.training.loop import Hooks, num_steps
from bnao.training.standalone import rebuild


@dataclass(frozen=True)
class Candidate:
    """One architecture trained alone in ``stage``; ``module`` is in eval mode; ``seconds`` its training took."""

    stage: str
    architecture: Architecture
    score: float | None
    module: nn.Module
    valid_metric: float
    seconds: float


@dataclass(frozen=True)
class _Figures:
    """What is kept of a candidate beside its weights."""

    valid_metric: float
    seconds: float


def train_arm(
    bench: Workbench,
    run: RunFolder,
    log: StageLog,
    *,
    stage_name: str,
    title: str,
    architectures: Sequence[Architecture],
    scores: Sequence[float | None],
) -> list[Candidate]:
    """Train each architecture alone with the stage's budget and measure it on validation. Best first.

    What the run holds already is read, not trained again.
    """
    steps = num_steps(alone_training(bench.config, stage_name), len(bench.data.train))
    pairs = list(zip(architectures, scores, strict=True))
    if log.done(stage_name):
        return best_first(
            bench, [read_candidate(bench, run, stage_name, architecture, score) for architecture, score in pairs]
        )
    with log.stage(stage_name, title, steps * len(architectures), "steps") as stage:
        missing = [a for a in architectures if not run.has(_weights_name(stage_name, a))]
        before = steps * (len(architectures) - len(missing))
        if bench.team.group.size > 1:
            _train_divided(bench, run, log, stage, missing, before)
        else:
            for k, architecture in enumerate(missing):
                _train_one(
                    bench, run, log, stage, architecture, stage.hooks(before + k * steps, architecture=architecture.id)
                )
                stage.progress(before + (k + 1) * steps)
        with suppress(OSError):  # not before: followers have their running trainings in it
            (run.path / FOLDER).rmdir()
        candidates = [read_candidate(bench, run, stage_name, architecture, score) for architecture, score in pairs]
        stage.figures.update(arm_figures([c.valid_metric for c in candidates], metric_info(bench.objective.metric)))
    return best_first(bench, candidates)


def arm_figures(values: Sequence[float], metric: MetricInfo) -> dict[str, float]:
    """The best of the metrics on validation that are defined, and the mean of the finite ones; NaN where there is none.

    >>> arm_figures([math.nan, 0.5, 0.25], MetricInfo())
    {'best_valid_accuracy': 0.5, 'mean_valid_accuracy': 0.375}
    """
    finite = [value for value in values if math.isfinite(value)]
    return {
        f"best_valid_{metric.name}": metric.best(values),
        f"mean_valid_{metric.name}": sum(finite) / len(finite) if finite else math.nan,
    }


def drop_arm(commit: Commit, stage_name: str, architectures: Sequence[Architecture]) -> None:
    """Part of a commit after which the networks of an arm are needed no more."""
    for architecture in architectures:
        commit.discard(_weights_name(stage_name, architecture))
        commit.discard(_figures_name(stage_name, architecture))


def best_first(bench: Workbench, candidates: Iterable[Candidate]) -> list[Candidate]:
    """By the metric on validation; a network that has none (its outputs are not finite) comes last."""

    def utility(candidate: Candidate) -> float:
        value = bench.objective.metric.utility(candidate.valid_metric)
        return -math.inf if math.isnan(value) else value

    return sorted(candidates, key=utility, reverse=True)


def _weights_name(stage_name: str, architecture: Architecture) -> str:
    return f"{stage_name}-{architecture.id}.safetensors"


def _figures_name(stage_name: str, architecture: Architecture) -> str:
    return f"{stage_name}-{architecture.id}.json"


def _train_one(
    bench: Workbench, run: RunFolder, log: StageLog, stage: Stage, architecture: Architecture, hooks: Hooks
) -> None:
    """Train, measure, commit."""
    key = _key(stage.name, architecture)
    saves = StageSaves(log, stage, key, bench.config.save_seconds, _follower_file(run, key))
    done = train_alone(bench, architecture, stage.name, key, hooks, saves)
    _keep(run, stage, replace(done, seconds=saves.seconds), running=False)


def _train_divided(
    bench: Workbench, run: RunFolder, log: StageLog, stage: Stage, missing: list[Architecture], before: int
) -> None:
    """The same, by all processes of the team; what rank 0 was at when it was killed it takes first."""
    begun = [a for a in missing if StageSaves(log, stage, _key(stage.name, a), 0.0).load() is not None]
    jobs = Jobs(
        name=f"{stage.name}/{run.generation}",
        stage=stage.name,
        architectures=[a for a in missing if a not in begun],
        folder=run.path.resolve() / FOLDER,
    )

    def keep(done: Done) -> None:
        unsaved = log.stop.unsaved  # of rank 0's own training, about which a commit of another says nothing
        _keep(run, stage, done)
        log.stop.unsaved = unsaved

    leading = Leading(bench.team.group, jobs, stage, before, keep, is_own=bench.team.own > 1)
    with leading.turn():
        for architecture in begun:
            _train_one(bench, run, log, stage, architecture, leading.hooks(architecture))
        for number in leading.numbers():
            architecture = jobs.architectures[number]
            _train_one(bench, run, log, stage, architecture, leading.hooks(architecture))


def _key(stage_name: str, architecture: Architecture) -> str:
    return f"{stage_name}-{architecture.id}"


def _follower_file(run: RunFolder, key: str) -> Path:
    """Where a follower may have saved a training."""
    return run.path / FOLDER / f"{key}.pt"


def _keep(run: RunFolder, stage: Stage, done: Done, *, running: bool = True) -> None:
    """Commit a trained network; ``running``: rank 0 is at another one, whose save stays."""
    architecture = done.architecture
    with stage.commit() as commit:
        commit.write_weights(
            _weights_name(stage.name, architecture),
            done.state,
            {"architecture": str(architecture), "valid_metric": repr(done.valid_metric)},
        )
        figures = {"valid_metric": done.valid_metric, "seconds": done.seconds}
        commit.write_json(_figures_name(stage.name, architecture), figures)
        if not running:
            StageSaves.drop(commit)
    with suppress(OSError):
        _follower_file(run, _key(stage.name, architecture)).unlink(missing_ok=True)


def read_candidate(
    bench: Workbench, run: RunFolder, stage_name: str, architecture: Architecture, score: float | None
) -> Candidate:
    """A trained candidate from the run. Raises RunError where a file is damaged."""
    name = _figures_name(stage_name, architecture)
    figures = from_dict(_Figures, run.read_json(name), source=f"{run.path}/{name}")
    state, _ = run.read_weights(_weights_name(stage_name, architecture))
    module = rebuild(bench.rerank.skeleton, architecture, state, bench.device)
    return Candidate(stage_name, architecture, score, module, figures.valid_metric, figures.seconds)


def top_of_pool(bench: Workbench, pool: Pool, k: int) -> tuple[list[Architecture], list[float | None]]:
    """The ``k`` best architectures of the whole pool by their last score, raised by ``rerank.size_weight``."""
    best = first_to_train(pool, k, bench.config.rerank.size_weight)
    return [bench.space.grammar.parse(entry.text) for entry in best], [entry.score for entry in best]


def random_arm(bench: Workbench) -> list[Architecture]:
    """The control: as many random architectures of the feasible space, drawn by the seed."""
    return bench.feasible.sample_distinct(bench.config.rerank.num_random, generator(bench.config.seed, "random arm"))
