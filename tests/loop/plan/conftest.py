"""A workbench at micro scale and made-up costs, so that no test measures time."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from tests.loop.conftest import MICRO

from bnao.loop.events import Silent
from bnao.loop.plan.costs import AloneCost, Costs, UnitCost
from bnao.loop.run import prepare
from bnao.loop.stages import StageLog

ALONE = AloneCost(step=UnitCost(seconds=0.1, error=0.002), fixed=0.05, evaluate=0.0001, memory=2_000_000)
COSTS = Costs(
    step=UnitCost(seconds=0.1, error=0.002, spread=0.01),
    score=UnitCost(seconds=0.05, error=0.001),
    rerank=ALONE,
    final=ALONE,
    epoch=UnitCost(seconds=0.001),
    propose=0.2,
    base_memory=100_000_000,
    supernet_memory=1_000_000,
    step_memory=3_000_000,
    memory_how="made up",
)
_SLOW = UnitCost(seconds=0.4, error=0.008)
SLOW = replace(COSTS, step=_SLOW, rerank=replace(ALONE, step=_SLOW), final=replace(ALONE, step=_SLOW))
LONG = replace(
    MICRO,
    supernet=replace(MICRO.supernet, training=replace(MICRO.supernet.training, epochs=8)),
    rerank=replace(MICRO.rerank, top=4, training=replace(MICRO.rerank.training, epochs=4)),
    final=replace(MICRO.final, training=replace(MICRO.final.training, epochs=12)),
    loop=replace(MICRO.loop, pool=64, rounds=3, proposals=16),
    check=replace(MICRO.check, when="never"),
)


class Ticking:
    """A clock that passes 10 ms each time it is read."""

    def __init__(self) -> None:
        self._ticks = itertools.count()

    def __call__(self) -> float:
        return 0.01 * next(self._ticks)


def workbench(config):
    return prepare(config, StageLog(Silent()))


@pytest.fixture(scope="session")
def long():
    return workbench(LONG)


def measure_made_up(patch):
    """Whoever measures gets :data:`SLOW`, with which a limit of a minute leaves small searches; the calls."""
    calls = []

    def measured(bench, probe, on_done):
        calls.append(bench.config)
        return SLOW

    patch.setattr("bnao.loop.plan.run.measure_costs", measured)
    return calls


@pytest.fixture
def made_up(monkeypatch):
    """:func:`measure_made_up` for one test."""
    return measure_made_up(monkeypatch)
