"""How long the command line takes to help or to refuse, in processes of their own (goal: under 0.3 s; no torch)."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from scale import Scale
from timing import ON_CPU, summary

COMMANDS = {
    "help": ["--help"],
    "wrong_flag": ["search", "--loop.pol", "3"],
    "wrong_command": ["serch"],
    "search_help": ["search", "--help"],
    "list_recipes": ["list", "recipes"],
}
HEAVY = ("torch", "scipy", "matplotlib", "numpy")


def spent() -> float:
    """Seconds on the wall; of the ended child processes' processor time where run.py was given --cpu-time."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime if ON_CPU else time.perf_counter()


def imported(words: list[str]) -> list[str]:
    """Which heavy modules a command imports."""
    code = f"import sys; from bnao.cli import main; main({words!r}); print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [name for name in HEAVY if repr(name) in done.stdout.splitlines()[-1]]


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each command; an interpreter that does nothing is timed beside them, by turns."""
    quick = scale.quick
    rounds = 3 if quick else 21
    calls = {"python_alone": [sys.executable, "-c", ""]}
    calls |= {name: [sys.executable, "-m", "bnao", *words] for name, words in COMMANDS.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(1 + rounds):
        for name, call in calls.items():
            start = spent()
            subprocess.run(call, capture_output=True, check=False)
            if number:
                times[name].append(spent() - start)
    for name, values in times.items():
        modules = imported(COMMANDS[name]) if name in COMMANDS else []
        yield name, {"what": " ".join(calls[name][1:]), "s": summary(values), "imports": modules}
