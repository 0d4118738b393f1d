"""A search that is later than it was planned says so, and what it will take now; it is not cut short."""

from __future__ import annotations

from bnao.loop.plan.plan import Plan, in_minutes, minutes
from bnao.loop.stages import StageLog

LATE = "later than planned:"


def warn_if_late(plan: Plan | None, log: StageLog, stage: str) -> None:
    """Warn once where ``stage``, just finished, took longer than its interval, by the stages that are left.

    The new estimate: what has passed, and what is left by the ratio of this stage's time to its plan.
    """
    planned = None if plan is None else plan.stage(stage)
    if plan is None or planned is None or log.seconds[stage] <= planned.high:
        return
    if any(text.startswith(LATE) for text in log.warnings) or planned.middle <= 0:
        return
    ratio = log.seconds[stage] / planned.middle
    left = sum(each.seconds.middle for each in plan.stages if not log.done(each.name))
    total = sum(log.seconds.values()) + ratio * left
    limit = "" if plan.limit_minutes is None else f", where max_minutes is {plan.limit_minutes:g}"
    log.warn(
        f"{LATE} {stage} took {minutes(log.seconds[stage])} min, planned {in_minutes(planned)}. At this pace the whole "
        f"search takes about {minutes(total)} min{limit}; no training is shortened. Ctrl-C keeps all work"
    )
