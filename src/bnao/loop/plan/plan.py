"""A search as it is planned: seconds and bytes by stage, as plain values, kept in the run (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, field

from bnao.loop.plan.interval import Interval
from bnao.storage import RunFolder, from_dict

PLAN = "plan.json"


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """One stage: seconds, and bytes of memory at its peak (None where they were not measured)."""

    name: str
    seconds: Interval
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a search is expected to take. Seconds; bytes.

    ``stages`` are those of the search, in order, and ``other`` for all between them; ``total`` is narrower than their
    sum, for their errors are not all on one side. ``memory_how`` says how memory was measured, ``busy`` which share of
    the CPU other programs had meanwhile. ``settings``: by dotted name what determines the time; where ``limit_minutes``
    was given they were chosen by it, and ``asked`` are those that were asked for.
    """

    stages: list[StagePlan]
    total: Interval
    peak_bytes: int | None = None
    memory_how: str = ""
    busy: float = 0.0
    seconds_to_measure: float = 0.0
    limit_minutes: float | None = None
    settings: dict[str, float] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The plan in one line: minutes, and what was chosen for a limit.

        >>> Plan(stages=[], total=Interval(low=900.0, middle=1104.0, high=1200.0)).text
        'planned 18.4 min (15 to 20)'
        """
        said = f"planned {in_minutes(self.total)}"
        if self.limit_minutes is None:
            return said
        said += f" for a limit of {self.limit_minutes:g} min: " + settings_words(self.settings)
        changed = {name: value for name, value in self.asked.items() if self.settings.get(name) != value}
        return said + (f" (asked for: {settings_words(changed)})" if changed else " (as asked for)")

    def stage(self, name: str) -> Interval | None:
        """Seconds of one stage; None where it was not planned."""
        return next((stage.seconds for stage in self.stages if stage.name == name), None)


def minutes(seconds: float) -> str:
    """Minutes with no false digits.

    >>> minutes(1104.0), minutes(900.0), minutes(24.0)
    ('18.4', '15', '0.4')
    """
    value = seconds / 60
    return f"{value:.2g}" if value < 1 else f"{value:.1f}".removesuffix(".0") if value < 100 else f"{value:,.0f}"


def in_minutes(interval: Interval) -> str:
    """``18.4 min (15 to 20)``."""
    return f"{minutes(interval.middle)} min ({minutes(interval.low)} to {minutes(interval.high)})"


def settings_words(settings: dict[str, float]) -> str:
    """``supernet.training.epochs 3.2, loop.rounds 2``."""
    return ", ".join(f"{name} {value:g}" for name, value in settings.items())


def read_plan(run: RunFolder) -> Plan | None:
    """The plan that a run was begun with; None where it has none. Raises RunError if it is damaged."""
    return from_dict(Plan, run.read_json(PLAN), source=f"{run.path}/{PLAN}") if run.has(PLAN) else None
