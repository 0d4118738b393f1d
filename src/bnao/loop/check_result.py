"""What the early check found, as plain values: ``check.json`` of a run's state (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, field

from bnao.ranking import RankingReport
from bnao.storage import RunFolder, from_dict

CHECK = "check.json"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One architecture: its score in round 1, higher is better, and its metric on validation examples."""

    id: str
    architecture: str
    score: float
    metric: float
    num_params: int


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The early check. ``report`` is None where a training diverged."""

    text: str
    report: RankingReport | None = None
    rows: list[Checked] = field(default_factory=list)


def read_check(run: RunFolder) -> CheckResult | None:
    """The early check of a run; None where there was none. Raises RunError if it is damaged."""
    if not run.has(CHECK):
        return None
    return from_dict(CheckResult, run.read_json(CHECK), source=f"{run.path}/{CHECK}")
