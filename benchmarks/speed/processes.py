"""Two processes of one thread against one process of two threads: seconds of a supernet's step, recipe demo.

    python benchmarks/speed/processes.py [ROUNDS]

Trains the supernet of the recipe on random paths, 40 steps at a time, by the one and by the other in turn, ROUNDS times
(3); prints medians of the seconds of a step. Wants 2 idle cores; one round more warms up and is not counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise

from bnao.recipes import load_recipe

STEPS = 40


def measured(processes: int) -> float:
    """Median seconds of a step, of a search's first round in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "OMP_NUM_THREADS": "2"}
        words = [sys.executable, __file__, "one", str(processes), f"{folder}/run"]
        return float(subprocess.run(words, capture_output=True, text=True, env=environ, check=True).stdout)


def one(processes: int, folder: str) -> None:
    """Search until the steps are timed; print their median."""
    import bnao.api as api

    config = load_recipe("demo")
    training = replace(config.supernet.training, epochs=1.0)
    config = replace(config, supernet=replace(config.supernet, training=training), save_seconds=1e6)
    times: list[float] = []

    class Enough(Exception):
        pass

    def hear(kind: str, **fields: object) -> None:
        if kind == "stage_progress" and fields["stage"] == "supernet-1":
            times.append(time.perf_counter())
            if len(times) > STEPS:
                raise Enough

    try:
        api.search(config, folder, processes=processes, listener=hear)
    except Enough:
        print(statistics.median(b - a for a, b in pairwise(times)))


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds + 1):
        for processes, times in found.items():
            seconds = measured(processes)
            if number:
                times.append(seconds)
    for processes, times in found.items():
        print(
            f"{processes} process(es) of {2 // processes} thread(s): {1e3 * statistics.median(times):.0f} ms a step "
            f"({1e3 * min(times):.0f} to {1e3 * max(times):.0f} in {rounds} rounds)"
        )
    ratios = [a / b for a, b in zip(found[1], found[2], strict=True)]
    print(f"two processes are {statistics.median(ratios):.2f} times as fast ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(int(sys.argv[2]), sys.argv[3])
    else:
        main()
