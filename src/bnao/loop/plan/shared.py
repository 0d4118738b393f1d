"""Measuring a throwaway supernet: real training steps on paths that the policy draws, and scores.

Each drawn plan is trained twice: the first step makes the path, the second finds it in the supernet's cache, and how
often the cache will know a path is told by the draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bnao.arch import Architecture
from bnao.data.batches import steps_per_epoch
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.loop.plan.costs import UnitCost, unit_cost
from bnao.loop.plan.machine import PeakMemory
from bnao.loop.plan.probe import STREAM, Probe, Ticks, steps, until_enough
from bnao.loop.policy import search_policy
from bnao.loop.workbench import Workbench
from bnao.rng import generator, torch_seed, torch_stream
from bnao.sampling.base import Policy, StepPlan
from bnao.spaces.placing import place
from bnao.supernet import Supernet
from bnao.training.averaging import averaged
from bnao.training.loop import Hooks, Weights, num_steps, train

MOST_PLANS = 24
DRAWS = 64  # plans whose multiply-adds stand for those of the training; the first are the ones that are timed
MOST_SCORES = 24
STATES = {"sgd": 1, "adamw": 2}  # tensors that an optimiser keeps for each weight


class _Twice(Policy):
    """Each plan of a list in two steps after another."""

    def __init__(self, plans: Sequence[StepPlan], inner: Policy) -> None:
        self._plans, self._inner = plans, inner

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        return self._plans[step // 2]

    def observe(self, plan: StepPlan, losses: Sequence[float]) -> None:
        self._inner.observe(plan, losses)


@dataclass(frozen=True, kw_only=True)
class SupernetCosts:
    """Costs of the shared weights; see :class:`~bnao.loop.plan.costs.Costs`."""

    step: UnitCost
    cold: float
    miss: float
    score: UnitCost
    build: float
    supernet_memory: int
    step_memory: int
    score_memory: int


def measure_supernet(bench: Workbench, pool: Sequence[Architecture], probe: Probe) -> SupernetCosts:
    """Build a supernet, train it for some steps, score some architectures of ``pool``, and throw it away."""
    config, begin = bench.config, probe.clock()
    with torch_stream(probe.seed, STREAM, "supernet", "init"):
        built = bench.supernet.skeleton.build_supernet(share_sides=config.supernet.share_sides)
    place(built.module, bench.device)
    supernet = Supernet(built)
    weights = Weights.fresh(supernet, config.supernet.training, bench.optimizer)
    build = probe.clock() - begin
    own = sum(p.numel() * p.element_size() for p in built.module.parameters())
    kept = STATES[config.supernet.training.optimizer] + (weights.average is not None)
    if config.supernet.source is None:
        step, cold, miss, step_memory = _measure_steps(bench, weights, pool, probe)
    else:
        step, cold, miss, step_memory = UnitCost(seconds=0.0), 0.0, 1.0, 0
    score, prepare, score_memory = _measure_scores(bench, supernet, weights, pool, probe)
    return SupernetCosts(
        step=step, cold=cold, miss=miss, score=score, build=build + prepare,
        supernet_memory=own * (1 + kept), step_memory=step_memory, score_memory=score_memory,
    )  # fmt: skip


def _measure_steps(
    bench: Workbench, weights: Weights, pool: Sequence[Architecture], probe: Probe
) -> tuple[UnitCost, float, float, int]:
    training = bench.config.supernet.training
    policy = search_policy(bench, pool, torch_seed(probe.seed, STREAM, "sampling"))
    total = num_steps(training, len(bench.data.train))
    draws = [policy.plan(k % total, generator(probe.seed, STREAM, "paths", k)) for k in range(DRAWS)]
    macs_N = np.array([bench.supernet.sizes.macs(plan.paths).sum() for plan in draws])
    largest = int(macs_N[:MOST_PLANS].argmax())
    timed = [largest, *(k for k in range(MOST_PLANS) if k != largest)]  # the largest warms up and shows the memory
    watch, ticks = PeakMemory(bench.device), Ticks(probe, warm_up=2, most=2 * (MOST_PLANS - 1))

    def on_step(done: int, figures: dict[str, float]) -> None:
        if done == 2:
            watch.end()
        ticks.tick()

    images = bench.data.train
    short = steps(training, 2 * MOST_PLANS, steps_per_epoch(len(images), training.batch_size))
    with until_enough(ticks), watch:
        train(
            weights, _Twice([draws[k] for k in timed], policy), images, short, seed=probe.stream,
            stage=f"{STREAM}-supernet", objective=bench.objective, hooks=Hooks(on_step=on_step),
        )  # fmt: skip
    first, second = np.array(ticks.times[0::2]), np.array(ticks.times[1::2])
    first = first[: len(second)]
    cost = unit_cost(second, macs_N[timed[1 : 1 + len(second)]], macs_N)
    cold = max(0.0, float(np.median(first - second)))
    paths = [path.tokens for plan in draws for path in plan.paths]
    return cost, cold, len(set(paths)) / len(paths), watch.growth


def _measure_scores(
    bench: Workbench, supernet: Supernet, weights: Weights, pool: Sequence[Architecture], probe: Probe
) -> tuple[UnitCost, float, int]:
    """A score's cost, what its batches took to prepare, and the memory that it needs.

    Scores are timed one by one; what is saved by scoring the pool together is estimated (the work of ``both`` apart).
    """
    begin = probe.clock()
    canonical = bench.space.grammar.canonical
    evaluator = OneShotEvaluator(
        supernet, canonical, bench.data, bench.config.scoring, seed=probe.stream, average=weights.average
    )
    prepare = probe.clock() - begin
    macs_N = bench.supernet.sizes.macs(list(pool))
    head = list(pool[: MOST_SCORES + 1])
    order = sorted(range(len(head)), key=lambda k: -macs_N[k])[:1]  # the largest first: it warms up
    order += [k for k in range(len(head)) if k not in order]
    with PeakMemory(bench.device) as watch, averaged(weights.average):
        evaluator.evaluate([head[order[0]]])
    ticks = Ticks(probe, warm_up=0, most=MOST_SCORES)
    with until_enough(ticks):
        for k in order[1:] or order:
            evaluator.evaluate([head[k]])
            ticks.tick()
    timed = (order[1:] or order)[: len(ticks.times)]
    one_by_one = unit_cost(ticks.times, macs_N[timed], macs_N)
    with averaged(weights.average):
        sharing = evaluator.sharing(pool, probe.clock)
    return one_by_one.scaled(sharing.work), prepare, watch.growth + sharing.kept_bytes
