"""Stand-alone training of two arms with one budget (METHOD, step 7): the best by score, and as many random ones.

Both arms choose on validation; both choices are measured on held-out data afterwards, so best-of-k is compared with
best-of-k.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from bnao.arch import Architecture
from bnao.evaluation.measure import measure
from bnao.loop.stages import Stage, StageLog
from bnao.loop.workbench import Workbench
from bnao.rng import generator
from bnao.storage import Pool, RunFolder
from bnao.training.loop import num_steps
from bnao.training.standalone import train_standalone


@dataclass(frozen=True)
class Candidate:
    """One architecture trained alone; ``module`` is in eval mode; ``seconds`` its training took."""

    architecture: Architecture
    score: float | None
    module: nn.Module
    valid_accuracy: float
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
    """Train each architecture alone with the re-ranking budget and measure it on validation. Best first."""
    config = bench.config
    steps = num_steps(config.rerank.training, len(bench.data.train))
    with log.stage(stage_name, title, steps * len(architectures), "steps") as stage:
        candidates = [
            _train_one(bench, run, stage, stage_name, architecture, score, k * steps)
            for k, (architecture, score) in enumerate(zip(architectures, scores, strict=True))
        ]
        stage.figures.update(
            best_valid_accuracy=max(c.valid_accuracy for c in candidates),
            mean_valid_accuracy=sum(c.valid_accuracy for c in candidates) / len(candidates),
        )
    return sorted(candidates, key=lambda c: -c.valid_accuracy)


def _train_one(
    bench: Workbench,
    run: RunFolder,
    stage: Stage,
    stage_name: str,
    architecture: Architecture,
    score: float | None,
    before: int,
) -> Candidate:
    config, start = bench.config, time.monotonic()
    trained = train_standalone(
        bench.rerank.skeleton,
        architecture,
        bench.data.train,
        config.rerank.training,
        seed=config.seed,
        stage=f"{stage_name}-{architecture.id}",
        hooks=stage.hooks(before, architecture=architecture.id),
    )
    result = measure(trained.module, bench.data.valid)
    with run.commit() as commit:
        commit.write_weights(
            f"{stage_name}-{architecture.id}.safetensors",
            trained.module.state_dict(),
            {"architecture": str(architecture), "valid_accuracy": repr(result.accuracy)},
        )
    return Candidate(architecture, score, trained.module, result.accuracy, time.monotonic() - start)


def top_of_pool(bench: Workbench, pool: Pool, k: int) -> tuple[list[Architecture], list[float | None]]:
    """The ``k`` best architectures of the whole pool by their last score."""
    best = pool.best(k)
    return [bench.space.grammar.parse(entry.text) for entry in best], [entry.score for entry in best]


def random_arm(bench: Workbench) -> list[Architecture]:
    """The control: as many random architectures of the feasible space, drawn by the seed."""
    return bench.feasible.sample_distinct(bench.config.rerank.num_random, generator(bench.config.seed, "random arm"))
