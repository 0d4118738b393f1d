"""How fast bnao is, as ratios within one run: eight measurements, one table, results.json (see README.md).

    python benchmarks/speed/run.py
    python benchmarks/speed/run.py --only steps baseline
    python benchmarks/speed/run.py --quick --only sizes

Each measurement has a process of its own, with --threads CPU threads (`baseline` uses 1 and all, the controller 1); its
parts are merged into results.json as they come, so a killed call loses at most one part. The quick scale says whether
everything runs; its figures mean nothing and are printed only, unless --out names a file.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import results
from scale import Scale

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
MEASUREMENTS = ("steps", "memory", "baseline", "scoring", "controller", "sizes", "cli", "data", "growth")
MARK = "PART "


def one(name: str, scale: Scale) -> None:
    """A measurement in this process, each part a line."""
    import machine
    import torch

    where = machine.measured_on(torch.get_num_threads())
    start = time.perf_counter()
    for part, figures in importlib.import_module(f"measure_{name}").measure(scale):
        took = {"measuring_s": round(time.perf_counter() - start, 1)}
        print(MARK + json.dumps([part, {**figures, "measured_on": {**where, **took}}]), flush=True)
        start = time.perf_counter()


def parts_of(name: str, scale: Scale, threads: int, on_cpu: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """:func:`one` in a process of its own, part by part. Ends the program where it fails."""
    command = [sys.executable, __file__, "--one", name, *(["--quick"] if scale.quick else [])]
    command += [] if scale.architectures is None else ["--architectures", str(scale.architectures)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    if on_cpu:
        environment["BNAO_SPEED_CLOCK"] = "cpu"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(MARK):
                part, figures = json.loads(line.removeprefix(MARK))
                yield part, figures
            else:
                print(line, end="", flush=True)
    if process.returncode:
        sys.exit(f"{name} ended with code {process.returncode}: its message is above; parts that came are kept")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, metavar="NAME", default=MEASUREMENTS,
                        help=f"some of: {', '.join(MEASUREMENTS)}")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a scale of seconds that only shows that it runs")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of each measurement [1]")
    parser.add_argument("--architectures", type=int, help="so many of a space in steps (30), memory (5), baseline (8)")
    parser.add_argument("--out", type=Path, help=f"file to merge results into [{RESULTS.name}; quick: none]")
    parser.add_argument("--cpu-time", action="store_true", help="processor seconds, for a machine that is not idle")
    parser.add_argument("--one", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    scale = Scale(options.quick, options.architectures)
    if options.one:
        one(options.one, scale)
        return
    with tempfile.TemporaryDirectory() as nowhere:
        out = options.out or (Path(nowhere) / "quick.json" if options.quick else RESULTS)
        for name in options.only:
            for part, figures in parts_of(name, scale, options.threads, options.cpu_time):
                results.merge(out, name, part, figures)
                shown = {k: v for k, v in figures.items() if k not in ("rows", "measured_on", "what")}
                print(f"{name} / {part}: {json.dumps(shown)}", flush=True)
        print("\n" + results.table(results.read(out)))
        if options.quick:
            print("\nquick scale: these figures show that it runs, and mean nothing")


if __name__ == "__main__":
    main()
