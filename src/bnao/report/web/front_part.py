"""The part of the page that holds quality against cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnao.loop.front import Front, pool_fronts, trained_fronts
from bnao.report.front_plots import front_plot
from bnao.report.front_words import HEADS, POOL, READ, front_head, front_rows, trained_title
from bnao.report.web.facts import Facts

Parts = dict[str, Any]


def fronts(facts: Facts) -> Parts:
    """Tables and plots of both fronts; that of the networks trained alone only where the run has finished."""
    trained = {} if facts.result is None else trained_fronts(facts.result)
    pool = pool_fronts(facts.entries, facts.latencies)
    alone = frozenset(() if facts.result is None else (t.id for t in facts.result.trained))
    return {
        "read": READ,
        "kinds": [
            *(
                [_kind("trained", trained_title(facts.result.data), trained, frozenset())]
                if facts.result is not None and trained
                else []
            ),
            *([_kind("pool", POOL, pool, alone)] if pool else []),
        ],
    }


def _kind(name: str, title: str, found: Mapping[str, Front], ringed: frozenset[str]) -> Parts:
    arms = name == "trained"
    rows, left_out = front_rows(found, arms=arms)
    first = next(iter(found.values()))
    return {
        "name": name,
        "title": title,
        "head": front_head(found, arms=arms),
        "left": 2 if arms else 1,
        "rows": rows,
        "left_out": left_out,
        "members": len(first.points),
        "plots": [
            {"svg": front_plot(front, f"front-{name}-{cost}-", ringed=ringed), "caption": _caption(cost, front)}
            for cost, front in found.items()
            if cost != "macs" or "latency_ms" not in found  # multiply-adds stand for a latency that is not known
        ],
    }


def _caption(cost: str, front: Front) -> str:
    number = len(front.points) + len(front.others)
    return (
        f"{front.quality[0].upper()}{front.quality[1:]} against {HEADS[cost]}: {len(front.points)} of {number} in front"
    )
