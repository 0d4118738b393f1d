"""How many queries of a table does each method need to find one of the best architectures? NAS-Bench-201, CIFAR-10.

    pip install -e '.[search]'
    python benchmarks/tabular/run.py nasbench201_cifar10.csv.gz --seeds 30 --jobs 2
    python benchmarks/tabular/run.py nasbench201_cifar10.csv.gz --methods nao --check 7

A query is a distinct cell (isomorphic twins are one); its answer is one seed's validation accuracy, s0 or s1, drawn
for each run. A run succeeds when its incumbent, the highest answer so far, has a test accuracy of at least 94.18 % (the
best 16 of 15,625 rows). The first success counts; whether the last incumbent is one too is stored beside it.

Each run is a process of one thread; its row is written to results.json as it comes, runs that are there are not made
again, so a killed call goes on where it was. results.json is written by this script only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnao.evaluation.tables import Table

FOLDER = Path(__file__).parent
BENCHMARK = "nasbench201_cifar10"


def run_one(table: Table, method: str, seed: int) -> dict[str, Any]:
    """One run in this process; its row."""
    import methods
    import outcome

    from bnao.evaluation.tabular import TabularEvaluator
    from bnao.rng import generator

    evaluator = TabularEvaluator(table, seed=int(generator(seed, "tabular", "signal").integers(2)))
    start = time.process_time()
    methods.run(method, evaluator, seed, methods.METHODS[method].queries)
    seconds = round(time.process_time() - start, 2)
    return {
        "method": method,
        "seed": seed,
        "signal": f"s{evaluator.seed}",
        **outcome.row(evaluator),
        "cpu_seconds": seconds,
    }


def rows_of(table: Path, method: str, seeds: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Runs of a method in one process of their own, each row as it comes."""
    command = [sys.executable, __file__, str(table), "--one", method, *map(str, seeds)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        sys.exit(f"a run of {method} ended with code {process.returncode}: its message is above")


def check(table: Path, results: Path, method: str, seed: int) -> bool:
    """Run a stored row again; whether all but time and commit is the same."""
    stored = [r for r in read(results) if (r["method"], r["seed"]) == (method, seed)]
    if not stored:
        sys.exit(f"{results} has no row of {method}, seed {seed}: run it first")
    (again,) = rows_of(table, method, [seed])
    different = [key for key in again if key != "cpu_seconds" and again[key] != stored[0][key]]
    print(f"{method} seed {seed}: " + (f"differs in {', '.join(different)}" if different else "the same"))
    return not different


def read(results: Path) -> list[dict[str, Any]]:
    """The stored rows."""
    return list(json.loads(results.read_text())["rows"]) if results.exists() else []


def of_this_budget(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with as many queries as their method has now; those of another budget are made again."""
    import methods

    return [r for r in rows if r["queries"] == methods.METHODS[r["method"]].queries]


def write(results: Path, rows: list[dict[str, Any]]) -> None:
    """Figures and rows, whole or not at all."""
    import methods
    import outcome

    rows.sort(key=lambda r: (list(methods.METHODS).index(r["method"]), r["seed"]))
    by_method = {name: [r for r in rows if r["method"] == name] for name in methods.METHODS}
    found = {
        name: {"what": methods.METHODS[name].summary, **outcome.figures(own)} for name, own in by_method.items() if own
    }
    text = json.dumps({BENCHMARK: found})[1:-1]
    lines = ",\n".join(json.dumps(r) for r in rows)
    partial = results.with_suffix(".partial")
    partial.write_text(f'{{{text},\n"rows": [\n{lines}\n]}}\n')
    partial.replace(results)


def commit() -> str:
    """The commit of the code that runs; ``+`` where files of the package or of this benchmark differ from it."""
    git = ["git", "-C", str(FOLDER)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    paths = [
        f":/{p}"
        for p in ("src/bnao/controller", "src/bnao/evaluation", "src/bnao/spaces/nasbench201", "benchmarks/tabular")
    ]
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", *paths, ":(top,exclude)benchmarks/tabular/results*"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return head + ("+" if changed else "")


def report(results: Path) -> None:
    """The table of figures."""
    found = json.loads(results.read_text())[BENCHMARK]
    print(f"{'method':>15} {'median':>7} {'95 % interval':>15} {'runs':>5} {'never':>6} {'good at the end':>16}")
    for name, f in found.items():
        low, middle, high = (
            "inf" if f[k] is None else f"{f[k]:g}" for k in ("low", "median_queries_to_top_permille", "high")
        )
        counts = f"{f['seeds']:>5} {f['never']:>6} {f['succeed_at_the_end']:>16}"
        print(f"{name:>15} {middle:>7} {low + ' to ' + high:>15} {counts}")


def main() -> None:
    """Run what is missing, then print the table and draw the picture."""
    import methods

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="NAS-Bench-201 as .csv, .csv.gz or .parquet")
    parser.add_argument("--methods", default=",".join(methods.METHODS), help="names divided by commas")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=0, help="settings were developed on seeds from 100 on")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side, one thread each")
    parser.add_argument("--results", type=Path, default=FOLDER / "results.json")
    parser.add_argument("--check", type=int, metavar="SEED", help="run a stored row again and compare")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)  # METHOD SEED...: print the rows
    args = parser.parse_args()
    if args.one:
        from bnao.evaluation.tables import read_table

        table, (name, *own) = read_table(args.table), args.one
        for seed in own:
            print(json.dumps(run_one(table, name, int(seed))), flush=True)
        return
    names = args.methods.split(",")
    if unknown := set(names) - set(methods.METHODS):
        parser.error(f"unknown methods {', '.join(sorted(unknown))}: choose from {', '.join(methods.METHODS)}")
    if args.check is not None:
        same = [check(args.table, args.results, name, args.check) for name in names]
        sys.exit(not all(same))
    rows, made_at, lock = of_this_budget(read(args.results)), commit(), Lock()
    have = {(r["method"], r["seed"]) for r in rows}
    seeds = {n: [s for s in range(args.first_seed, args.first_seed + args.seeds) if (n, s) not in have] for n in names}
    missing = sum(map(len, seeds.values()))
    print(f"{missing} runs to make", file=sys.stderr)

    def make(name: str, some: Sequence[int]) -> None:
        for row in rows_of(args.table, name, some):
            with lock:
                rows.append({**row, "commit": made_at})
                write(args.results, rows)
            print(f"{name} seed {row['seed']}: {row['queries_to_top_permille']}", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(args.jobs) as workers:
        parts = [(n, own[k :: args.jobs]) for n, own in seeds.items() for k in range(args.jobs) if own[k :: args.jobs]]
        for job in as_completed([workers.submit(make, *part) for part in parts]):
            job.result()
    write(args.results, rows)
    report(args.results)

    import picture

    picture.draw(json.loads(args.results.read_text())[BENCHMARK], args.results.with_suffix(".svg"))


if __name__ == "__main__":
    main()
