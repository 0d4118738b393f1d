"""The rounds of the search (METHOD, steps 1-6): train the supernet, score the pool, learn, propose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor

from bnao.arch import Architecture
from bnao.controller import Proposer, make_proposer
from bnao.controller.config import ControllerConfig
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.loop.config import SearchConfig
from bnao.loop.stages import StageLog
from bnao.loop.workbench import Workbench
from bnao.rng import generator, torch_seed, torch_stream
from bnao.sampling import make_policy
from bnao.storage import Pool, PoolEntry, RunFolder
from bnao.supernet import Supernet
from bnao.training.averaging import averaged
from bnao.training.device import place
from bnao.training.loop import Weights, num_steps, train

Floats = NDArray[np.float64]


class Rounds:
    """The state that lives through all rounds: supernet, momentum, controller, pool."""

    def __init__(self, bench: Workbench, run: RunFolder, pool: Pool, log: StageLog) -> None:
        config = bench.config
        self._bench, self._run, self._pool, self._log = bench, run, pool, log
        with torch_stream(config.seed, "supernet", "init"):
            built = bench.supernet.skeleton.build_supernet(share_sides=config.supernet.share_sides)
        place(built.module, bench.device)
        self.supernet = Supernet(built)
        self._weights = Weights.fresh(self.supernet, config.supernet.training)
        self._evaluator = OneShotEvaluator(
            self.supernet,
            bench.space.grammar.canonical,
            bench.data,
            config.scoring,
            seed=config.seed,
            average=self._weights.average,
        )
        self._proposer: Proposer = make_proposer(
            controller_config(config, bench.device.type), bench.space.grammar, config.seed
        )
        self.architectures: list[Architecture] = []

    def inherited_state(self, architecture: Architecture) -> dict[str, Tensor]:
        """The weights that the architecture was scored with (averaged ones where an average is kept)."""
        with averaged(self._weights.average):
            return self.supernet.inherited_state(architecture)

    def run(self) -> None:
        """All rounds."""
        loop = self._bench.config.loop
        fresh = self._bench.feasible.sample_distinct(loop.pool, generator(self._bench.config.seed, "pool"))
        if len(fresh) < loop.pool:
            self._log.warn(f"the space holds fewer than {loop.pool} architectures; the pool has {len(fresh)}")
        origins = ["random"] * len(fresh)
        for number in range(1, loop.rounds + 1):
            self._add(fresh, origins, number)
            self._train(fresh, number)
            scores = self._score(number)
            if number == loop.rounds:
                break
            fresh, origins = self._propose(scores, number)
            if not fresh:
                self._log.warn("no unseen architecture is left to propose; the search ends here")
                break

    def _add(self, fresh: list[Architecture], origins: list[str], number: int) -> None:
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
            for k, (architecture, origin) in enumerate(zip(fresh, origins, strict=True))
        )
        self.architectures += fresh

    def _train(self, fresh: list[Architecture], number: int) -> None:
        bench, config = self._bench, self._bench.config
        training, name = config.supernet.training, f"supernet-{number}"
        policy = make_policy(
            config.sampling,
            feasible=bench.feasible,
            sizes=bench.sampled.sizes,
            pool=fresh,
            seed=torch_seed(config.seed, "sampling", number),
        )
        self._log.listener.event("sampling", stage=name, text=policy.describe())
        title = f"supernet, round {number} of {config.loop.rounds}"
        total = num_steps(training, len(bench.data.train))
        with self._log.stage(name, title, total, "steps") as stage:
            curve = train(
                self._weights, policy, bench.data.train, training, seed=config.seed, stage=name, hooks=stage.hooks()
            )
            stage.figures.update(loss=curve[-1].loss, accuracy=curve[-1].accuracy)
            with self._run.commit() as commit:
                commit.write_checkpoint("supernet.pt", self._state())

    def _state(self) -> dict[str, object]:
        average = self._weights.average
        return {
            "weights": self.supernet.root.state_dict(),
            "optimizer": self._weights.optimizer.state_dict(),
            "average": average.state_dict() if average is not None else None,
        }

    def _score(self, number: int) -> Floats:
        name, title = f"scoring-{number}", f"scoring, round {number}"
        with self._log.stage(name, title, len(self.architectures), "architectures") as stage:
            scores = self._evaluator.evaluate(self.architectures, stage.progress)
            values = scores.values_P
            sizes = self._bench.sampled.sizes.num_params(self.architectures)
            stage.figures.update(
                best_score=float(values.max()),
                median_score=float(np.median(values)),
                best_accuracy=float(scores.accuracies_P.max()),
                rank_correlation_with_size=_spearman(values, sizes),
            )
            if scores.num_not_finite:
                self._log.warn(
                    f"round {number}: {scores.num_not_finite} architectures had a loss that is not finite; "
                    "they were given the worst finite score"
                )
            with self._run.commit() as commit:
                self._pool.set_scores(number, {a.id: float(v) for a, v in zip(self.architectures, values, strict=True)})
                commit.write_json("score_name.json", scores.name)
        return values

    def _propose(self, scores: Floats, number: int) -> tuple[list[Architecture], list[str]]:
        bench, config, name = self._bench, self._bench.config, f"controller-{number}"
        epochs = config.controller.epochs if config.controller.proposer == "nao" else None
        with self._log.stage(name, f"controller, round {number}", epochs, "epochs") as stage:
            report = self._proposer.fit(
                self.architectures,
                scores,
                torch_seed(config.seed, name) % 2**31,
                on_epoch=lambda epoch, figures: stage.progress(epoch, dict(figures)),
            )
            proposals = self._proposer.propose(
                config.loop.proposals,
                generator(config.seed, name, "propose"),
                bench.feasible,
                {a.id for a in self.architectures},
            )
            stage.figures.update(report.figures)
            stage.figures.update({f"from_{origin}": float(n) for origin, n in proposals.counts().items()})
            if len(proposals.architectures) < config.loop.proposals:
                self._log.warn(
                    f"round {number}: {len(proposals.architectures)} of {config.loop.proposals} proposals found; "
                    "the space is exhausted"
                )
            with self._run.commit() as commit:
                commit.write_checkpoint("controller.pt", self._proposer.state_dict())
        # From here on an architecture is its canonical form: what is scored, trained alone, written and delivered.
        return [bench.space.grammar.canonical(a) for a in proposals.architectures], proposals.origins


def controller_config(config: SearchConfig, device: str) -> ControllerConfig:
    """The controller's settings; it runs where the search runs unless it names a device of its own."""
    if config.controller.device != "auto":
        return config.controller
    return replace(config.controller, device="cuda" if device == "cuda" else "cpu")


def _spearman(a: Floats, b: NDArray[np.int64]) -> float:
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)
