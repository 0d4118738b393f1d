"""Fronts of quality against cost as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping

from bnao.cost.limit_check import amount
from bnao.data.words import examples_word
from bnao.loop.front import Front
from bnao.objective.info import MetricInfo
from bnao.report.format import magnitude
from bnao.report.metric_words import value_text

ON = "●"  # marks a cost by which the row is in the front
MOST_ROWS = 12
HEADS = {"params": "parameters", "macs": "multiply-adds", "latency_ms": "latency"}

POOL = "The scored pool, by its one-shot score: a guess"
READ = f"{ON}: no other is as good and cheaper by this cost, or better and no dearer."


def trained_title(data: str) -> str:
    """What the front of the networks trained alone is called, on the data of this source."""
    return f"Networks trained alone, by their figure on validation {examples_word(data)}"


def front_head(fronts: Mapping[str, Front], *, arms: bool) -> list[str]:
    """The table's head: id, arm where there are any, quality, and each cost."""
    quality = next(iter(fronts.values())).quality
    return ["id", *(["arm"] if arms else []), quality, *(HEADS[name] for name in fronts)]


def front_rows(fronts: Mapping[str, Front], *, arms: bool) -> tuple[list[list[str]], int]:
    """A row for each architecture that is in one of the fronts, cheapest first, and how many rows were left out.

    Of more than 12 rows an even selection is shown, the first and the last among them.
    """
    members = {p.id: p for front in fronts.values() for p in front.points}
    costs = {
        name: {p.id: p.cost for p in [*front.points, *front.others]} for name, front in fronts.items()
    }  # fmt: skip
    on = {name: {p.id for p in front.points} for name, front in fronts.items()}
    first = next(iter(costs.values()))
    ids = sorted(members, key=lambda id: (first.get(id, 0.0), id))
    shown = (
        [ids[round(k * (len(ids) - 1) / (MOST_ROWS - 1))] for k in range(MOST_ROWS)] if len(ids) > MOST_ROWS else ids
    )
    metric = MetricInfo(is_share=next(iter(fronts.values())).is_share)
    rows = [
        [
            id[:8],
            *([members[id].arm] if arms else []),
            value_text(members[id].quality, metric),
            *(f"{ON} " * (id in on[name]) + cost_text(name, costs[name].get(id)) for name in fronts),
        ]
        for id in shown
    ]
    return rows, len(ids) - len(shown)


def cost_text(name: str, value: float | None) -> str:
    """A cost with its unit.

    >>> cost_text("params", 12340), cost_text("latency_ms", 1.8392)
    ('12.3 k', '1.839 ms')
    """
    if value is None:
        return "–"
    return f"{amount(value)} ms" if name == "latency_ms" else magnitude(value)
