"""From costs and settings to the plan of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bnao.loop.config import SearchConfig
from bnao.loop.plan.costs import Costs
from bnao.loop.plan.interval import Estimate, Interval
from bnao.loop.plan.plan import Plan, StagePlan
from bnao.loop.plan.stages import peak_memory, stage_estimates
from bnao.loop.workbench import Workbench


def make_plan(bench: Workbench, costs: Costs, spent: Mapping[str, float], *, begun: bool) -> Plan:
    """The plan of a search with ``bench.config``; see :func:`~bnao.loop.plan.stages.stage_estimates`."""
    estimates = stage_estimates(bench, costs, spent, begun=begun)
    memory = peak_memory(bench, costs)
    known = costs.base_memory > 0
    stages = [
        StagePlan(
            name=name,
            seconds=estimate.interval(costs.busy),
            memory_bytes=memory.get(name.partition("-")[0]) if known else None,
        )
        for name, estimate in estimates.items()
    ]
    return Plan(
        stages=stages,
        total=total_interval(estimates, costs),
        peak_bytes=max((s.memory_bytes for s in stages if s.memory_bytes is not None), default=None),
        memory_how=costs.memory_how,
        busy=costs.busy,
        settings=chosen_settings(bench.config),
    )


def planned_total(bench: Workbench, config: SearchConfig, costs: Costs, spent: Mapping[str, float]) -> Interval:
    """The whole search with other settings, which has begun with what is ``spent``."""
    return total_interval(stage_estimates(replace(bench, config=config), costs, spent, begun=True), costs)


def total_interval(estimates: Mapping[str, Estimate], costs: Costs) -> Interval:
    """All stages together: errors of one measurement add up over the stages, those of different ones in quadrature."""
    return sum(estimates.values(), Estimate()).interval(costs.busy)


def chosen_settings(config: SearchConfig) -> dict[str, float]:
    """By dotted name the settings that a limit of time may change."""
    found: dict[str, float] = {}
    if config.supernet.source is None:
        found["supernet.training.epochs"] = config.supernet.training.epochs
    found["rerank.training.epochs"] = config.rerank.training.epochs
    if config.final.trains:
        found["final.training.epochs"] = config.final.training.epochs
    found |= {"loop.rounds": config.loop.rounds, "loop.pool": config.loop.pool}
    if config.loop.rounds > 1:
        found["loop.proposals"] = config.loop.proposals
    found |= {"rerank.top": config.rerank.top, "rerank.random": config.rerank.num_random}
    if config.rerank.rounds > 1:
        found["rerank.rounds"] = config.rerank.rounds
    return found | ({"rerank.finalists": config.rerank.finalists} if config.rerank.finalists else {})
