"""The plan that a run was begun with, kept in it."""

from __future__ import annotations

from bnao.loop.plan.plan import PLAN, Plan, read_plan
from bnao.loop.stages import StageLog
from bnao.storage import RunFolder


def keep_plan(run: RunFolder, log: StageLog, plan: Plan | None) -> Plan | None:
    """Commit the plan of a new run; give that of a resumed one, which is measured no more. Raises RunError."""
    if plan is None:
        return read_plan(run)
    with log.commit() as commit:
        commit.write_json(PLAN, plan)
    return plan
