"""The rounds of the search (METHOD, steps 1-6): train the supernet, score the pool, learn, propose.

What a round needs of the ones before it is in the run: the pool, ``supernet.pt``, ``controller.pt``. A resumed run
reads them and goes on with the first stage that has not finished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from bnao.arch import Architecture
from bnao.controller import Proposals, Proposer, make_proposer
from bnao.controller.config import ControllerConfig
from bnao.errors import NumericalError
from bnao.evaluation.base import Scores
from bnao.loop.check_result import CHECK
from bnao.loop.config import SearchConfig
from bnao.loop.coverage import COVERAGE, Coverage, read_coverage, round_coverage
from bnao.loop.early_check import check_ranking, is_planned
from bnao.loop.first_pool import first_pool
from bnao.loop.inputs import run_config
from bnao.loop.learning import learn_and_propose, num_epochs
from bnao.loop.plan.late import warn_if_late
from bnao.loop.plan.plan import Plan
from bnao.loop.policy import search_policy
from bnao.loop.result import SCORE_NAME
from bnao.loop.saving import StageSaves
from bnao.loop.shared_weights import make_shared
from bnao.loop.source_run import open_source
from bnao.loop.stages import StageLog
from bnao.loop.team.scoring import score_divided
from bnao.loop.team.words import TrainShared, WeightsComing
from bnao.loop.workbench import Workbench
from bnao.objective.info import metric_info
from bnao.ranking import spearman
from bnao.rng import torch_seed
from bnao.sampling.counting import CountingPolicy
from bnao.storage import Commit, Pool, PoolEntry, RunFolder
from bnao.training.averaging import averaged
from bnao.training.loop import num_steps, train

SUPERNET, CONTROLLER = "supernet.pt", "controller.pt"


class Rounds:
    """The state that lives through all rounds: supernet, momentum, controller, pool."""

    def __init__(self, bench: Workbench, run: RunFolder, pool: Pool, log: StageLog, plan: Plan | None = None) -> None:
        config = bench.config
        self._bench, self._run, self._pool, self._log, self._plan = bench, run, pool, log, plan
        self._measured: dict[str, tuple[float, float]] = {}  # (loss, accuracy) by id of the supernet as it is
        shared = make_shared(bench)
        self.supernet, self._weights = shared.supernet, shared.weights
        self._followed = False  # whether followers hold the shared weights as they are now
        if config.supernet.source is not None and not run.has(SUPERNET):
            self._adopt(open_source(config))
        if run.has(SUPERNET):
            self._weights.load_state_dict(run.read_checkpoint(SUPERNET))
        self._evaluator = shared.evaluator(bench)
        self._proposer: Proposer = make_proposer(
            controller_config(config, bench.device.type), bench.space.grammar, config.seed
        )
        if run.has(CONTROLLER):
            self._proposer.load_state_dict(run.read_checkpoint(CONTROLLER))

    def _adopt(self, source: RunFolder) -> None:
        """Copy another run's supernet into this one, which then needs the other no more.

        The controller too where its settings are the same; one of other settings begins anew, for it learns the whole
        pool.
        """
        is_same = run_config(source).controller == self._bench.config.controller
        with self._log.commit() as commit:
            for name in filter(source.has, (SUPERNET, CONTROLLER) if is_same else (SUPERNET,)):
                commit.write_checkpoint(name, source.read_checkpoint(name))

    def inherited_state(self, architecture: Architecture) -> dict[str, Tensor]:
        """The weights that the architecture was scored with (averaged ones where an average is kept)."""
        with averaged(self._weights.average):
            return self.supernet.inherited_state(architecture)

    def scores(self, architectures: Sequence[Architecture]) -> Scores:
        """What the supernet as it is says of these; changes nothing."""
        return self._evaluator.evaluate(architectures)

    def run(self) -> None:
        """All rounds, or those that are left."""
        loop = self._bench.config.loop
        if not len(self._pool):
            self._add(first_pool(self._bench, self._proposer, self._log), 1)
            with self._log.commit() as commit:
                commit.include(self._pool)
                commit.write_checkpoint(CONTROLLER, self._proposer.state_dict())  # it may have learned known scores
        for number in range(1, loop.rounds + 1):
            pool, fresh = self._architectures(number)
            if not fresh:
                self._log.warn("no unseen architecture is left to propose; the search ends here")
                break
            if self._bench.config.supernet.source is None and not self._log.done(f"supernet-{number}"):
                self._train(fresh, number)
                warn_if_late(self._plan, self._log, f"supernet-{number}")
            if not self._log.done(f"scoring-{number}"):
                self._score(pool, number)
            if number == 1 and self._wants_check():
                check_ranking(self._bench, self._run, self._pool, self._log)
            if number < loop.rounds and not self._log.done(f"controller-{number}"):
                self._propose(pool, number)

    def _wants_check(self) -> bool:
        """Whether the early check is planned and still to be finished."""
        past = self._run.has(CHECK) or self._log.done("controller-1") or self._log.done("rerank")
        return not past and is_planned(self._bench)

    def _architectures(self, number: int) -> tuple[list[Architecture], list[Architecture]]:
        """The pool as it is in round ``number``, and the part of it that this round brought."""
        parse = self._bench.space.grammar.parse
        entries = [(e.round, parse(e.text)) for e in self._pool.entries() if e.round <= number]
        return [a for _, a in entries], [a for round, a in entries if round == number]

    def _add(self, new: Proposals, number: int) -> None:
        """Into the pool as what round ``number`` brings.

        From here on an architecture is its canonical form: what is trained, scored, trained alone and delivered.
        """
        fresh = [self._bench.space.grammar.canonical(a) for a in new.architectures]
        sizes = self._bench.delivered.sizes
        params, macs = sizes.num_params(fresh), sizes.macs(fresh)
        self._pool.add(
            PoolEntry(
                id=architecture.id,
                text=str(architecture),
                round=number,
                origin=origin,
                num_params=int(params[k]),
                macs=int(macs[k]),
            )
            for k, (architecture, origin) in enumerate(zip(fresh, new.origins, strict=True))
        )

    def _train(self, fresh: list[Architecture], number: int) -> None:
        bench, config = self._bench, self._bench.config
        training, name = config.supernet.training, f"supernet-{number}"
        policy = CountingPolicy(search_policy(bench, fresh, torch_seed(config.seed, "sampling", number)))
        self._log.listener.event("sampling", stage=name, text=policy.describe())
        title = f"supernet, round {number} of {config.loop.rounds}"
        total = num_steps(training, len(bench.data.train))
        with self._log.stage(name, title, total, "steps") as stage:
            bench.team.group.broadcast(TrainShared(name))
            curve = train(
                self._weights,
                policy,
                bench.data.train,
                training,
                seed=config.seed,
                stage=name,
                objective=bench.objective,
                hooks=stage.hooks(),
                saves=StageSaves(self._log, stage, name, config.save_seconds),
                shards=bench.team.shards(training),
            )
            self._followed = True
            stage.figures.update({"loss": curve[-1].loss, bench.objective.metric.name: curve[-1].metric})

            def keep(commit: Commit) -> None:
                commit.write_checkpoint(SUPERNET, self._weights.state_dict())
                commit.write_json(COVERAGE, self._coverage(number, policy.counts))
                StageSaves.drop(commit)

            stage.keep(keep)

    def _coverage(self, number: int, counts: Mapping[str, int]) -> Coverage:
        """What all rounds up to ``number`` have trained."""
        bench = self._bench
        before = read_coverage(self._run) or Coverage()
        sizes, seed = bench.sampled.sizes, bench.config.seed
        return Coverage(
            rounds=[*before.rounds, round_coverage(number, counts, bench.space, sizes, bench.feasible, seed)]
        )

    def _score(self, pool: list[Architecture], number: int) -> None:
        name, title = f"scoring-{number}", f"scoring, round {number}"
        config = self._bench.config
        with self._log.stage(name, title, len(pool), "architectures") as stage:
            saves = StageSaves(self._log, stage, name, config.save_seconds)
            self._measured = dict(saves.load() or (self._measured if config.supernet.source else {}))
            measured = self._measured

            def on_done(done: int) -> None:
                if saves.due():
                    saves.save(measured)
                stage.progress(done)

            if self._bench.team.group.size > 1:
                self._tell_weights()
                score_divided(self._bench.team.group, self._evaluator, pool, measured, on_done)
                scores = self._evaluator.evaluate(pool, measured=measured)
            else:
                scores = self._evaluator.evaluate(pool, on_done, measured)
            values = scores.values_P
            sizes = self._bench.sampled.sizes.num_params(pool)
            metric = self._bench.objective.metric
            stage.figures.update(
                {
                    "best_score": float(values.max()),
                    "median_score": float(np.median(values)),
                    f"best_{metric.name}": metric_info(metric).best(scores.metrics_P.tolist()),
                    "rank_correlation_with_size": spearman(values, sizes) or 0.0,
                }
            )
            if scores.num_not_finite == len(pool):
                remedy = "lower scoring.adapt_learning_rate, or " if self._bench.config.scoring.adapt_steps else ""
                raise NumericalError(
                    "scores order architectures where at least one has a finite loss; none of "
                    f"{len(pool)} has: {remedy}look for values in the data that are not finite (NaN or infinite)"
                )
            if scores.num_not_finite:
                self._log.warn(
                    f"round {number}: {scores.num_not_finite} architectures had a loss that is not finite; "
                    "they were given the worst finite score"
                )

            def keep(commit: Commit) -> None:
                self._pool.set_scores(number, {a.id: float(v) for a, v in zip(pool, values, strict=True)})
                commit.include(self._pool)
                commit.write_json(SCORE_NAME, scores.name)
                StageSaves.drop(commit)

            stage.keep(keep)

    def _tell_weights(self) -> None:
        """Followers get the shared weights, unless they have trained them to what they are."""
        if not self._followed:
            group = self._bench.team.group
            group.broadcast(WeightsComing())
            group.broadcast_state(self._weights.state_dict())
            self._followed = True

    def _propose(self, pool: list[Architecture], number: int) -> None:
        config, name = self._bench.config, f"controller-{number}"
        scored = self._pool.scores_of(number)
        with self._log.stage(name, f"controller, round {number}", num_epochs(config), "epochs") as stage:
            scores_P, seen = np.array([scored[a.id] for a in pool]), {a.id for a in pool}
            report, proposals = learn_and_propose(
                self._bench, self._proposer, stage, pool, scores_P, config.loop.proposals, seen
            )
            stage.figures.update({f"from_{origin}": float(n) for origin, n in proposals.counts().items()})
            if len(proposals.architectures) < config.loop.proposals:
                self._log.warn(
                    f"round {number}: {len(proposals.architectures)} of {config.loop.proposals} proposals found; "
                    "the space is exhausted"
                )

            def keep(commit: Commit) -> None:
                self._add(proposals, number + 1)
                self._pool.set_predictions(number, report.predicted)
                if proposals.predicted:
                    pairs = zip(proposals.architectures, proposals.predicted, strict=True)
                    self._pool.set_predictions(number + 1, {a.id: p for a, p in pairs if p is not None})
                commit.include(self._pool)
                commit.write_checkpoint(CONTROLLER, self._proposer.state_dict())

            stage.keep(keep)


def controller_config(config: SearchConfig, device: str) -> ControllerConfig:
    """The controller's settings; it runs where the search runs unless it names a device of its own."""
    if config.controller.device != "auto":
        return config.controller
    return replace(config.controller, device="cuda" if device == "cuda" else "cpu")
