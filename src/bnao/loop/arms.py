"""Stand-alone training of two arms with one budget (METHOD, step 7): the best by score, and as many random ones.

Both arms choose on validation; both choices are measured on held-out data afterwards, so best-of-k is compared with
best-of-k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from bnao.arch import Architecture
from bnao.evaluation.measure import measure
from bnao.loop.saving import StageSaves
from bnao.loop.stages import Stage, StageLog
from bnao.loop.workbench import Workbench
from bnao.rng import generator
from bnao.storage import Commit, Pool, RunFolder
from bnao.training.loop import num_steps
from bnao.training.standalone import rebuild, train_standalone

ARMS = {"searched": "rerank", "random": "random"}
"""The arms, as a result names them, and the stages that train them."""


@dataclass(frozen=True)
class Candidate:
    """One architecture trained alone; ``module`` is in eval mode; ``seconds`` its training took."""

    architecture: Architecture
    score: float | None
    module: nn.Module
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
    """Train each architecture alone with the re-ranking budget and measure it on validation. Best first.

    What the run holds already is read, not trained again.
    """
    steps = num_steps(bench.config.rerank.training, len(bench.data.train))
    pairs = list(zip(architectures, scores, strict=True))
    if log.done(stage_name):
        return _best_first(
            bench, [read_candidate(bench, run, stage_name, architecture, score) for architecture, score in pairs]
        )
    with log.stage(stage_name, title, steps * len(architectures), "steps") as stage:
        candidates = []
        for k, (architecture, score) in enumerate(pairs):
            if not run.has(_weights_name(stage_name, architecture)):
                _train_one(bench, log, stage, architecture, k * steps)
            candidates.append(read_candidate(bench, run, stage_name, architecture, score))
            stage.progress((k + 1) * steps)
        metric, values = bench.objective.metric, [c.valid_metric for c in candidates]
        stage.figures.update(
            {
                f"best_valid_{metric.name}": min(values) if not metric.higher_is_better else max(values),
                f"mean_valid_{metric.name}": sum(values) / len(values),
            }
        )
    return _best_first(bench, candidates)


def drop_arm(commit: Commit, stage_name: str, architectures: Sequence[Architecture]) -> None:
    """Part of a commit after which the networks of an arm are needed no more."""
    for architecture in architectures:
        commit.discard(_weights_name(stage_name, architecture))
        commit.discard(_figures_name(stage_name, architecture))


def _best_first(bench: Workbench, candidates: list[Candidate]) -> list[Candidate]:
    utility = bench.objective.metric.utility
    return sorted(candidates, key=lambda c: -utility(c.valid_metric))


def _weights_name(stage_name: str, architecture: Architecture) -> str:
    return f"{stage_name}-{architecture.id}.safetensors"


def _figures_name(stage_name: str, architecture: Architecture) -> str:
    return f"{stage_name}-{architecture.id}.json"


def _train_one(bench: Workbench, log: StageLog, stage: Stage, architecture: Architecture, before: int) -> None:
    """Train, measure, commit; ``before`` steps of the stage were done before."""
    config, key = bench.config, f"{stage.name}-{architecture.id}"
    saves = StageSaves(log, stage, key, config.save_seconds)
    trained = train_standalone(
        bench.rerank.skeleton,
        architecture,
        bench.data.train,
        config.rerank.training,
        seed=config.seed,
        stage=key,
        objective=bench.objective,
        optimizer=bench.optimizer,
        hooks=stage.hooks(before, architecture=architecture.id),
        saves=saves,
    )
    result = measure(trained.module, bench.data.valid, bench.objective)
    with stage.commit() as commit:
        commit.write_weights(
            _weights_name(stage.name, architecture),
            trained.module.state_dict(),
            {"architecture": str(architecture), "valid_metric": repr(result.metric)},
        )
        figures = {"valid_metric": result.metric, "seconds": saves.seconds}
        commit.write_json(_figures_name(stage.name, architecture), figures)
        StageSaves.drop(commit)


def read_candidate(
    bench: Workbench, run: RunFolder, stage_name: str, architecture: Architecture, score: float | None
) -> Candidate:
    """A trained candidate from the run. Raises RunError where a file is damaged."""
    figures = run.read_json(_figures_name(stage_name, architecture))
    state, _ = run.read_weights(_weights_name(stage_name, architecture))
    module = rebuild(bench.rerank.skeleton, architecture, state, bench.device)
    return Candidate(architecture, score, module, figures["valid_metric"], figures["seconds"])


def top_of_pool(bench: Workbench, pool: Pool, k: int) -> tuple[list[Architecture], list[float | None]]:
    """The ``k`` best architectures of the whole pool by their last score."""
    best = pool.best(k)
    return [bench.space.grammar.parse(entry.text) for entry in best], [entry.score for entry in best]


def random_arm(bench: Workbench) -> list[Architecture]:
    """The control: as many random architectures of the feasible space, drawn by the seed."""
    return bench.feasible.sample_distinct(bench.config.rerank.num_random, generator(bench.config.seed, "random arm"))
