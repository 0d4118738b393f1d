"""Measuring stand-alone networks: some steps of a few architectures, from small to large, and their evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from bnao.arch import Architecture
from bnao.data.batches import steps_per_epoch
from bnao.data.examples import Examples
from bnao.evaluation.measure import measure
from bnao.loop.plan.costs import AloneCost, UnitCost, unit_cost
from bnao.loop.plan.machine import PeakMemory
from bnao.loop.plan.probe import STREAM, Probe, Ticks, steps, until_enough
from bnao.loop.workbench import Network, Workbench
from bnao.spaces.placing import place
from bnao.training.config import TrainingConfig
from bnao.training.loop import Hooks
from bnao.training.standalone import build_seeded, train_standalone

QUANTILES = (1.0, 0.5, 0.15, 0.85, 0.3, 0.7)
"""Which architectures by multiply-adds; the first, the largest, warms up and shows the memory."""
STEPS = 6  # of each, after one to warm up
EVALUATED = 500  # examples that one network is measured on: a batch


def measure_alone(
    bench: Workbench,
    network: Network,
    pool: Sequence[Architecture],
    training: TrainingConfig | None,
    images: Examples,
    probe: Probe,
) -> AloneCost:
    """What a network costs to train on ``images``, and to measure; ``training`` None: only the latter."""
    canonical = [bench.space.grammar.canonical(a) for a in pool]
    macs_N = np.asarray(network.sizes.macs(canonical), dtype=np.float64)
    order = np.argsort(macs_N, kind="stable")
    places = dict.fromkeys(int(order[round(q * (len(order) - 1))]) for q in QUANTILES)
    examples = bench.data.train.take(torch.arange(min(EVALUATED, len(bench.data.train))))
    begin, memory = probe.clock(), 0
    times: list[float] = []
    macs: list[float] = []
    fixed: list[float] = []
    each: list[float] = []
    for number, k in enumerate(places):
        ticks = Ticks(probe, warm_up=1 if number else 2, most=STEPS, fewest=1)
        started = probe.clock()
        with PeakMemory(bench.device) as watch:
            if training is not None:
                _train(bench, network, canonical[k], training, images, probe, ticks)
        trained = probe.clock() - started - sum(ticks.all)
        built = probe.clock()
        module = build_seeded(network.skeleton, canonical[k], probe.stream, STREAM).module
        place(module, bench.device)
        fixed.append(trained + probe.clock() - built)  # built to be trained, and built again to be read
        started = probe.clock()
        measure(module.eval(), examples, bench.objective)
        each.append((probe.clock() - started) / len(examples))
        if number == 0:
            memory = watch.growth
            if len(places) > 1:
                continue  # the first network of a kind is slower: kernels are chosen, memory is allocated
        if ticks.times:
            times.append(float(np.mean(ticks.times)))
            macs.append(float(macs_N[k]))
        if number >= 2 and probe.clock() - begin >= 2 * probe.seconds:
            break
    step = UnitCost(seconds=0.0) if training is None else unit_cost(times, macs, macs_N)
    return AloneCost(step=step, fixed=max(0.0, float(np.median(fixed))), evaluate=float(np.median(each)), memory=memory)


def _train(
    bench: Workbench,
    network: Network,
    architecture: Architecture,
    training: TrainingConfig,
    images: Examples,
    probe: Probe,
    ticks: Ticks,
) -> None:
    short = steps(training, STEPS + 2, steps_per_epoch(len(images), training.batch_size))
    with until_enough(ticks):
        train_standalone(
            network.skeleton, architecture, images, short, seed=probe.stream, stage=f"{STREAM}-alone",
            objective=bench.objective, optimizer=bench.optimizer,
            hooks=Hooks(on_step=lambda done, figures: ticks.tick()),
        )  # fmt: skip
