"""The plan of a search in the terminal: time and memory by stage, as intervals."""

from __future__ import annotations

from rich.console import Console

from bnao.loop.plan.interval import Interval
from bnao.loop.plan.plan import Plan, settings_words
from bnao.report.format import duration
from bnao.report.page import Page, plain_table

BUSY = 0.1  # share of the CPU that others had, from which on it is said


def print_plan(plan: Plan, console: Console) -> None:
    """Print ``plan``, wrapped to the console's width."""
    page = Page(console)
    page.heading(f"Plan: {spoken(plan.total)}")
    table = plain_table()
    table.add_column("stage", no_wrap=True)
    for name in ("from", "about", "to", "memory"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = [(stage.name, stage.seconds, stage.memory_bytes) for stage in plan.stages]
    for name, seconds, memory in [*rows, ("total", plan.total, plan.peak_bytes)]:
        times = (duration(seconds.low), duration(seconds.middle), duration(seconds.high))
        table.add_row(
            name, *times, "" if memory is None else megabytes(memory), style="bold" if name == "total" else None
        )
    page.table(table)
    page.blank()
    page.paragraph(
        "In 18 of 20 searches the time is meant to lie between from and to. The total's interval is narrower than the "
        "sum of the stages', since they do not all err on one side. Other: all between the stages."
    )
    if plan.peak_bytes is not None:
        page.paragraph(f"Memory: {plan.memory_how}.")
    page.pairs(_facts(plan))
    if plan.busy > BUSY:
        page.paragraph(
            f"Other programs had {100 * plan.busy:.0f} % of the CPU meanwhile: the interval is wider for it, and an "
            "idle machine may be faster.",
            style="yellow",
        )


def _facts(plan: Plan) -> list[tuple[str, str]]:
    rows = [("settings", settings_words(plan.settings))]
    if plan.limit_minutes is not None:
        changed = {name: value for name, value in plan.asked.items() if plan.settings.get(name) != value}
        rows.append(("chosen for", f"max_minutes {plan.limit_minutes:g}"))
        rows += [("asked for", settings_words(changed))] if changed else []
    return [*rows, ("measured in", duration(plan.seconds_to_measure))]


def spoken(interval: Interval) -> str:
    """``about 18 min 24 s (15 min 00 s to 20 min 00 s)``."""
    return f"about {duration(interval.middle)} ({duration(interval.low)} to {duration(interval.high)})"


def megabytes(number: int) -> str:
    """Bytes as people read them.

    >>> megabytes(424_097_904), megabytes(3_500_000_000)
    ('424 MB', '3.5 GB')
    """
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
