"""Planning a search that is about to begin, and one that is only asked about."""

from __future__ import annotations

from dataclasses import replace

from bnao.loop.plan.choose import choose
from bnao.loop.plan.costs import Costs
from bnao.loop.plan.measure import KINDS, measure_costs
from bnao.loop.plan.plan import Plan
from bnao.loop.plan.probe import Probe
from bnao.loop.plan.total import chosen_settings, make_plan
from bnao.loop.stages import Stage, StageLog
from bnao.loop.workbench import Workbench

STAGE = "plan"
SECONDS = 6.0  # of each kind of measurement where there is no limit
SHARE, SHORTEST, LONGEST = 0.01, 0.5, 10.0
"""With a limit: so much of it for each kind, within these bounds (about 5 % of the limit in all)."""


def plan_search(bench: Workbench, log: StageLog) -> Plan:
    """What a search will take, in the settings that its ``max_minutes`` chooses where there is one. Writes nothing."""
    return _planned(bench, log, begun=False)[1]


def fit_search(bench: Workbench, log: StageLog) -> tuple[Workbench, Plan | None]:
    """The search that ``max_minutes`` chooses, and its plan; the same search and None where there is no limit.

    The time of the measurements is part of the search's, and of the plan. Raises SettingError where the limit is too
    short for any search.
    """
    if bench.config.max_minutes is None:
        return bench, None
    fitted, plan = _planned(bench, log, begun=True)
    log.listener.event("planned", text=plan.text, **vars(plan.total))
    return fitted, plan


def _planned(bench: Workbench, log: StageLog, *, begun: bool) -> tuple[Workbench, Plan]:
    limit = bench.config.max_minutes
    seconds = SECONDS if limit is None else min(max(SHARE * 60 * limit, SHORTEST), LONGEST)
    with log.stage(STAGE, "timing a few steps of everything", KINDS, "kinds") as stage:
        costs = measure_costs(bench, Probe(seed=bench.config.seed, seconds=seconds), stage.progress)
        plan, bench = _fitted(bench, log, stage, costs, begun)
        stage.figures.update(planned_seconds=plan.total.middle)
    return bench, plan


def _fitted(bench: Workbench, log: StageLog, stage: Stage, costs: Costs, begun: bool) -> tuple[Plan, Workbench]:
    asked, spent = bench.config, dict(log.seconds)
    if asked.max_minutes is not None:
        spent[STAGE] = stage.seconds
        bench = replace(bench, config=choose(bench, costs, spent))
    plan = make_plan(bench, costs, spent, begun=begun)
    plan = replace(plan, seconds_to_measure=stage.seconds)
    if asked.max_minutes is not None:
        plan = replace(plan, limit_minutes=asked.max_minutes, asked=chosen_settings(asked))
    return plan, bench
