"""Measuring the controller: a few epochs on a pool with made-up scores, and one round of proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bnao.arch import Architecture
from bnao.controller import make_proposer
from bnao.loop.plan.costs import UnitCost
from bnao.loop.plan.probe import STREAM, Probe
from bnao.loop.rounds import controller_config
from bnao.loop.workbench import Workbench
from bnao.rng import generator

EPOCHS = 3
MOST_PROPOSALS = 100


def measure_controller(bench: Workbench, pool: Sequence[Architecture], probe: Probe) -> tuple[UnitCost, float]:
    """Seconds of an epoch for each architecture of the pool, and of the rest of a turn on this pool."""
    config = bench.config
    settings = replace(controller_config(config, bench.device.type), epochs=EPOCHS, early_stop=False)
    proposer = make_proposer(settings, bench.space.grammar, probe.stream)
    rng = generator(probe.seed, STREAM, "scores")
    marks = [probe.clock()]
    proposer.fit(pool, rng.normal(size=len(pool)), probe.stream, on_epoch=lambda epoch, _: marks.append(probe.clock()))
    fitted = probe.clock()
    wanted = min(config.loop.proposals, MOST_PROPOSALS)
    proposer.propose(wanted, generator(probe.seed, STREAM, "propose"), bench.feasible, {a.id for a in pool})
    ended = probe.clock()
    epochs = np.diff(marks)[1:] if len(marks) > 2 else np.diff(marks)
    seconds = float(np.median(epochs)) if len(epochs) else 0.0
    first = marks[1] - marks[0] - seconds if len(marks) > 1 else 0.0  # sequences are made before the first epoch
    rest = max(0.0, first) + max(0.0, fitted - marks[-1])
    proposing = (ended - fitted) * config.loop.proposals / max(wanted, 1)
    spread = float(np.std(epochs)) / max(len(epochs), 1) ** 0.5 if len(epochs) else 0.0
    return UnitCost(seconds=seconds / len(pool), error=max(spread, 0.1 * seconds) / len(pool)), rest + proposing
