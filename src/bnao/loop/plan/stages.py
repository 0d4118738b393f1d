"""What each stage of a search takes, from the measured costs and the settings: sums, nothing is run.

Where a formula is a rule of thumb its constant says so, and the interval is wide accordingly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bnao.data.held_out import OWN_TEST_SET
from bnao.loop.config import SearchConfig
from bnao.loop.early_check import is_planned
from bnao.loop.first_pool import FEWEST_SCORES
from bnao.loop.plan.costs import AloneCost, Costs, UnitCost
from bnao.loop.plan.interval import Estimate
from bnao.loop.stage_names import FINALISTS, stage_names
from bnao.loop.workbench import Workbench
from bnao.training.config import TrainingConfig
from bnao.training.loop import num_steps

OTHER = "other"
"""All between the stages: building the supernet, drawing the pool, committing, drawing the report."""
COMMIT = 0.05  # seconds of one commit, and as much more at most; a rule of thumb
REPORT = 2.0  # seconds of the report's drawing, likewise
FIT_STEPS = 350
"""Optimiser steps after which the controller stops early, as fits on four pools of 80 NAO cells did (310 to 420)."""
FIT_FEWEST, FIT_MOST = 1 / 3, 2.0  # times as many at least, and at most
LATER_FIT = 0.5  # a controller that goes on from an earlier round needs fewer: the patience, to as many as the first
PROPOSE_ABOVE = 1.0  # share by which proposals of a fitted controller may take longer
TEST_SHARE, FEWEST_TEST = 0.2, 1000
"""How many images a source's own test set is taken to have: a plan does not open it. It may be twice as many."""
CHOICE = 0.7
"""How far the searched arm's networks are larger or smaller alike: a score may prefer either."""


@dataclass(frozen=True)
class _Work:
    """One search's settings and costs."""

    bench: Workbench
    costs: Costs

    @property
    def config(self) -> SearchConfig:
        return self.bench.config

    def pool(self, number: int) -> int:
        """Architectures of the pool in round ``number``."""
        loop = self.config.loop
        size = max(loop.pool, len(self.bench.known)) + (number - 1) * loop.proposals
        return size if self.costs.space is None else min(size, self.costs.space)

    def runs(self, number: int) -> bool:
        """Whether round ``number`` takes place: a space that is exhausted ends the search."""
        return number == 1 or self.pool(number) > self.pool(number - 1)


def stage_estimates(bench: Workbench, costs: Costs, spent: Mapping[str, float], *, begun: bool) -> dict[str, Estimate]:
    """By stage, in order, with what is between them at last; ``bench.config`` are the settings that are planned.

    ``spent``: seconds of the stages that have passed already; exact where the search has ``begun`` with them, else a
    guess for those of the search to come.
    """
    work = _Work(bench, costs)
    found = {name: _stage(work, name, spent, begun) for name in _names(work)}
    commits = len(found) + 3 + bench.config.rerank.num_trained + bench.config.rerank.finalists
    found[OTHER] = Estimate(
        seconds=costs.between + COMMIT * commits + REPORT,
        below=0.3 * costs.between + 0.8 * (COMMIT * commits + REPORT),
        above=0.3 * costs.between + COMMIT * commits + REPORT,
    )
    return found


def _names(work: _Work) -> list[str]:
    config = work.config
    names = stage_names(config, check=is_planned(work.bench))
    if sum(known.score is not None for known in work.bench.known) >= FEWEST_SCORES:
        names.insert(names.index("scoring-1" if config.supernet.source else "supernet-1"), "controller-0")
    return names


def _stage(work: _Work, name: str, spent: Mapping[str, float], begun: bool) -> Estimate:
    config, costs = work.config, work.costs
    kind, _, number = name.partition("-")
    if name in spent:
        seconds = spent[name]
        return Estimate(spent=seconds) if begun else Estimate(seconds=seconds, below=seconds / 3, above=seconds / 3)
    if name == "latency":
        return Estimate()  # a function of the user's gives it
    if kind == "supernet":
        return _supernet(work) if work.runs(int(number)) else Estimate()
    if kind == "scoring":
        return _times(costs.score, work.pool(int(number)), "score") if work.runs(int(number)) else Estimate()
    if kind == "controller":
        return _controller(work, int(number))
    if name == "check":
        return _arm(work, config.check.architectures)
    if kind == "rerank":
        return _arm(work, config.rerank.top, CHOICE)
    if kind == "choose":  # a judge of the whole pool, and scores for what is new
        return _propose(costs) + _times(costs.score, config.rerank.top, "score")
    if name == "random":
        return _arm(work, config.rerank.num_random)
    if name == FINALISTS:
        return _arm(work, config.rerank.finalists, CHOICE, config.rerank.finalist_factor)
    if name == "latency-whole":
        seconds = costs.latency * config.rerank.num_trained
        return Estimate(seconds=seconds, below=seconds / 3, above=seconds)
    if name == "final":
        return _final(work)
    assert name == "measure", f"a stage without an estimate: {name}"
    return _measure(work)


def _times(cost: UnitCost, count: float, source: str) -> Estimate:
    """``count`` units of different architectures, most of them."""
    return Estimate(
        seconds=count * cost.seconds, shared={source: count * cost.error}, own=count * cost.spread**2
    )  # fmt: skip


def _supernet(work: _Work) -> Estimate:
    config, costs = work.config, work.costs
    steps = num_steps(config.supernet.training, len(work.bench.data.train))
    cold = steps * costs.cold * costs.miss
    return _times(costs.step, steps, "step") + Estimate(seconds=cold, below=cold / 2, above=cold / 2)


def _propose(costs: Costs) -> Estimate:
    return Estimate(seconds=costs.propose, below=costs.propose / 2, above=PROPOSE_ABOVE * costs.propose)


def _controller(work: _Work, number: int) -> Estimate:
    """Epochs of the fit, and the proposals. With an early stop their number is known by a rule of thumb only."""
    config, costs = work.config, work.costs
    if number > 0 and not work.runs(number):
        return Estimate()
    pool = work.pool(max(number, 1))
    low, middle, high = fit_epochs(config, pool, first=number <= 1)
    epoch = costs.epoch.seconds * pool
    return _propose(costs) + Estimate(
        seconds=middle * epoch,
        shared={"epoch": middle * costs.epoch.error * pool},
        below=(middle - low) * epoch,
        above=(high - middle) * epoch,
    )


def fit_epochs(config: SearchConfig, pool: int, *, first: bool) -> tuple[float, float, float]:
    """Fewest, expected and most epochs of the controller's fit on ``pool`` architectures.

    Without an early stop: all of them. With one: :data:`FIT_STEPS` steps, from a third of them to twice as many.

    >>> from bnao.recipes import load_recipe
    >>> [round(n) for n in fit_epochs(load_recipe("demo"), 80, first=True)]
    [23, 70, 140]
    """
    controller = config.controller
    if not controller.early_stop:
        return (controller.epochs,) * 3
    sequences = pool * (1 - controller.held_out_fraction) * controller.augment
    fewest = min(controller.patience + 1, controller.epochs)
    expected = min(max(FIT_STEPS / max(-(-sequences // controller.batch_size), 1), 2 * fewest), controller.epochs)
    if not first:
        return fewest, max(fewest, LATER_FIT * expected), expected
    return max(fewest, FIT_FEWEST * expected), expected, min(FIT_MOST * expected, controller.epochs)


def _training(work: _Work, training: TrainingConfig, cost: AloneCost, images: int, source: str) -> Estimate:
    steps = num_steps(training, images)
    return Estimate(
        seconds=steps * cost.step.seconds + cost.fixed,
        shared={source: steps * cost.step.error},
        below=cost.fixed / 2,
        above=cost.fixed / 2,
    )


def _arm(work: _Work, count: int, alike: float = 0.0, factor: float = 1.0) -> Estimate:
    """``count`` stand-alone trainings, each measured on validation; ``alike``: share of their spread in common.

    ``factor``: their length by that of the re-ranking.
    """
    data, cost = work.bench.data, work.costs.rerank
    count = count if work.costs.space is None else min(count, work.costs.space)
    training = replace(work.config.rerank.training, epochs=factor * work.config.rerank.training.epochs)
    one = _training(work, training, cost, len(data.train), "rerank")
    spread = num_steps(training, len(data.train)) * cost.step.spread
    return Estimate(
        seconds=count * (one.seconds + cost.evaluate * len(data.valid) + COMMIT),
        shared={"rerank": count * one.shared["rerank"], "choice": alike * count * spread},
        own=count * (1.0 - alike**2) * spread**2,
        below=count * one.below,
        above=count * (one.above + COMMIT),
    )


def _final(work: _Work) -> Estimate:
    config, cost, data = work.config, work.costs.final, work.bench.data
    if not config.final.trains:  # running statistics are measured
        images = min(config.scoring.recalibration_batches * config.scoring.batch_size, len(data.train))
        seconds = cost.fixed + images * cost.evaluate
        return Estimate(seconds=seconds, below=seconds / 2, above=seconds)
    images = len(data.train) + len(data.valid)
    spread = num_steps(config.final.training, images) * cost.step.spread
    return _training(work, config.final.training, cost, images, "final") + Estimate(shared={"choice": spread})


def _measure(work: _Work) -> Estimate:
    data, config = work.bench.data, work.config
    num: float = len(data.valid) / 2  # a third of validation was set aside, so what is left is twice as much
    above = 0.2
    if work.bench.held_out.measured == OWN_TEST_SET:
        num, above = max(TEST_SHARE * (len(data.train) + len(data.valid)), FEWEST_TEST), 1.0
    arms = 1 + (config.rerank.num_random > 0) + (config.rerank.finalists > 0)
    seconds = num * (work.costs.final.evaluate + arms * work.costs.rerank.evaluate) + COMMIT
    latency = 0.0 if config.limits.max_latency_ms is None else work.costs.latency
    return Estimate(seconds=seconds + latency, below=0.8 * seconds, above=above * seconds + latency + 2 * COMMIT)


def peak_memory(bench: Workbench, costs: Costs) -> dict[str, int]:
    """By kind of stage the bytes at its peak. The supernet and its optimiser's state stay to the end of a search."""
    kept = costs.base_memory + costs.supernet_memory
    return {
        "data": costs.base_memory,
        "supernet": kept + costs.step_memory,
        "scoring": kept + costs.score_memory,
        "check": kept + costs.rerank.memory,
        "rerank": kept + costs.rerank.memory,
        "choose": kept + costs.score_memory,
        "random": kept + costs.rerank.memory,
        FINALISTS: kept + costs.rerank.memory,
        "final": kept + costs.final.memory,
    }
