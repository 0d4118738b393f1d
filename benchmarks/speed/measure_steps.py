"""Does a supernet step cost what the stand-alone network's step costs? (goal: at most 1.03 times as much)"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import networks
from scale import Scale
from timing import by_turns, clock, summary

from bnao.arch import Architecture

SMALLEST_MS = 20.0  # below this a step's fixed costs are measured, not the training


def clone_ms(supernet: Any, architectures: list[Architecture]) -> float:
    """Median time to make a path."""
    times = []
    for architecture in architectures:
        start = clock()
        supernet.entry(architecture)
        times.append(1e3 * (clock() - start))
    return statistics.median(times)


def one(case: networks.Case, super_step: networks.Stepper, architecture: Architecture, rounds: int) -> dict[str, Any]:
    """Both steps of one architecture, by turns; ``ratio`` is the median over the turns, for what slows the machine for
    seconds slows both of a turn."""
    alone_step = networks.Stepper(networks.stand_alone(case, architecture), super_step.images, case.batch, steps=1)
    times = by_turns(
        {"alone": lambda: alone_step(architecture), "supernet": lambda: super_step(architecture)}, rounds, warm_up=0
    )
    alone, shared = (statistics.median(times[name]) for name in ("alone", "supernet"))
    ratios = [over / under for over, under in zip(times["supernet"], times["alone"], strict=True)]
    return {
        "architecture": str(architecture),
        "alone_ms": round(1e3 * alone, 2),
        "supernet_ms": round(1e3 * shared, 2),
        "ratio": round(statistics.median(ratios), 4),
    }


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each space; ``ratio`` is over its architectures."""
    quick = scale.quick
    number, rounds = scale.number(30, 2), 1 if quick else 4
    for name, make in (networks.QUICK_CASES if quick else networks.CASES).items():
        case = make()
        architectures = case.draw(number)
        shared = networks.supernet(case)
        step = networks.Stepper(shared, case.images(2 * case.batch), case.batch, steps=1)
        rows = [one(case, step, architecture, rounds) for architecture in architectures]
        counted = [row for row in rows if quick or row["alone_ms"] >= SMALLEST_MS]
        yield (
            name,
            {
                "what": case.words,
                "ratio": summary([row["ratio"] for row in counted]) if counted else None,
                "alone_ms": summary([row["alone_ms"] for row in counted]) if counted else None,
                "architectures": len(rows),
                "of_20_ms_or_more": len(counted),
                "clone_ms": round(clone_ms(shared, architectures), 3),
                "rows": rows,
            },
        )
