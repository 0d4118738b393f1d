"""The product's supernet step against the plain one of :mod:`baseline` (goal: 3 times faster at equal threads)."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import networks
from plain_apart import Call, plain_apart
from scale import Scale
from timing import ON_CPU, by_turns, summary
from two_processes import together

from bnao.arch import Architecture
from bnao.training.device import threads

EXPECTED = (3.5, 5.3)  # seconds a step of the plain one with one thread of a machine of 2 AVX2 cores: 4.4 +- 20 %


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each way to use the cores: 1 thread; all cores as threads of one process; as two processes of one
    thread each, where there are two cores (the plain supernet then has two threads in one)."""
    sizes = (1, 8, 16, 16) if scale.quick else (3, 20)
    case = networks.nao_cell(*sizes)
    ours = networks.Stepper(networks.supernet(case), case.images(4 * case.batch), case.batch)
    cores = os.cpu_count() or 1
    with plain_apart(*sizes) as (plain, moved):
        for count in dict.fromkeys((1, 1 if ON_CPU else cores)):
            yield f"{count}_thread" + "s" * (count > 1), _part(scale, case, plain, moved, ours, count)
        if cores >= 2 and not ON_CPU:
            with together(*sizes) as shared:
                yield "2_processes", _part(scale, case, plain, moved, shared, 2)


def _part(
    scale: Scale,
    case: networks.Case,
    plain: Call,
    moved: int,
    ours: Callable[[Architecture], Sequence[float]],
    count: int,
) -> dict[str, Any]:
    """Steps of both by turns, each with ``count`` threads in all."""
    rows = []
    for architecture in case.draw(scale.number(8, 1)):
        with threads(count):
            arms = {"plain": lambda a=architecture: plain(a, count), "ours": lambda a=architecture: ours(a)}
            times = by_turns(arms, 1 if scale.quick else 2, warm_up=1)
        each = {name: statistics.median(values) for name, values in times.items()}
        rows.append(
            {
                "architecture": str(architecture),
                "plain_s": round(each["plain"], 4),
                "ours_s": round(each["ours"], 4),
                "ratio": round(each["plain"] / each["ours"], 3),
            }
        )
    return {
        "what": case.words,
        "threads": count,
        "parameters_stepped": moved,
        "plain_s": summary(plain_s := [row["plain_s"] for row in rows]),
        "plain_is_as_expected": EXPECTED[0] <= statistics.median(plain_s) <= EXPECTED[1],
        "ours_s": summary([row["ours_s"] for row in rows]),
        "ratio": summary([row["ratio"] for row in rows]),
        "rows": rows,
    }
