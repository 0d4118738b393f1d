"""Seconds of things that are compared, taken by turns within one process."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

Summary = dict[str, float]

ON_CPU = os.environ.get("BNAO_SPEED_CLOCK") == "cpu"
clock: Callable[[], float] = time.process_time if ON_CPU else time.perf_counter
"""Seconds on the wall; of this process's processor time where run.py was given --cpu-time."""


@contextmanager
def quiet() -> Iterator[None]:
    """Garbage is collected before, and not within."""
    gc.collect()
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    with quiet():
        start = clock()
        call()
        return clock() - start


def by_turns(
    arms: Mapping[str, Callable[[], Sequence[float] | float | None]], rounds: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """Times of each arm, in seconds: all arms in each round, in an order that is reversed from round to round.

    An arm that returns times of its own (a number or several) is believed; one that returns None is timed as a call.
    The first ``warm_up`` rounds do not count.
    """
    found: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(warm_up + rounds):
        for name in list(arms) if number % 2 == 0 else reversed(list(arms)):
            with quiet():
                start = clock()
                own = arms[name]()
                took = clock() - start
            if number >= warm_up:
                found[name] += [took] if own is None else list(own) if isinstance(own, Sequence) else [own]
    return found


def summary(values: Sequence[float], digits: int = 4) -> Summary:
    """Median, quartiles, extremes, how many."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    figures = {"median": statistics.median(values), "quartile_1": low, "quartile_3": high}
    figures |= {"min": min(values), "max": max(values)}
    return {name: float(f"{value:.{digits}g}") for name, value in figures.items()} | {"num": len(values)}
