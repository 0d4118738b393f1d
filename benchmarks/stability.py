"""Does balanced training make a search stabler? The winner's held-out accuracy over seeds, for three ways to search.

    python benchmarks/stability.py --seeds 5 --jobs 2

- ``uniform``: the supernet's steps draw architectures uniformly;
- ``balanced``: in proportion to their size, the paper's way;
- ``random``: no supernet; as many networks are trained alone, drawn at random.

All end alike: three networks are trained alone with one budget, the best on validation is measured on the 2,000
held-out images. So ``random`` costs less; a fourth way, ``equal``, trains as many random ones as take the time that
a balanced search took on average in these rows (rounded down), as Yu et al. (arXiv 1902.08142) ask. Seeds also draw the
division of the images. Rows are kept in the work folder, one file each; a search is a run of the product there, which
goes on after a kill. stability.json and the table are written from what has finished; ``--report`` does that alone.
``--set NAME=VALUE`` changes any setting, to try it out at a smaller scale.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONFIG = HERE / "stability.toml"
RESULTS = HERE / "stability.json"
WAYS = ("uniform", "balanced", "random")
EQUAL = "equal"
MOST_EQUAL = 40


def configuration(way: str, seed: int, args: argparse.Namespace) -> Any:
    """The settings of one search."""
    from bnao.recipes import load_recipe
    from bnao.settings import update, update_from_flags, update_from_toml

    config = update_from_toml(load_recipe("demo"), CONFIG)
    policy = "uniform" if way == "uniform" else "size_proportional"
    config = update(config, {"seed": seed, "sampling": {"policy": policy}})
    if args.data is not None:
        config = update(config, {"data": {"source": args.data}})
    return update_from_flags(config, dict(pair.split("=", 1) for pair in args.set))


def one(way: str, seed: int, number: int, args: argparse.Namespace) -> None:
    """One row, or what is left of it."""
    folder = args.work / f"{way}-{seed}"
    row = random_row(way, seed, number, args) if way in ("random", EQUAL) else search_row(way, seed, folder, args)
    path = row_path(way, seed, args)
    path.with_suffix(".partial").write_text(json.dumps(row, indent=1) + "\n")
    path.with_suffix(".partial").rename(path)


def search_row(way: str, seed: int, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """A whole search; its winner is the best of the networks that were trained alone."""
    import bnao

    begun = (folder / "manifest.json").exists()
    result = bnao.resume(folder) if begun else bnao.search(configuration(way, seed, args), folder, recipe="stability")
    summary = result.summary
    return {
        "way": way,
        "seed": seed,
        "accuracy": summary.winner.test_metric,
        "standard_error": summary.winner.test_standard_error,
        "trained": len(summary.trained),
        "num_params": summary.winner.num_params,
        "minutes": sum(summary.stage_seconds.values()) / 60,
    }


def random_row(way: str, seed: int, number: int, args: argparse.Namespace) -> dict[str, Any]:
    """``number`` random networks trained alone as the search's best are, each kept; the best on validation."""
    from bnao.evaluation.measure import measure
    from bnao.loop.workbench import make_workbench
    from bnao.rng import generator
    from bnao.storage import load_state, save_state
    from bnao.training.device import threads
    from bnao.training.standalone import train_standalone

    place = args.work / f"{way}-{seed}"
    place.mkdir(parents=True, exist_ok=True)
    with threads(1):
        bench = make_workbench(configuration("balanced", seed, args))
        test = bench.held_out.open()
        drawn = bench.feasible.sample_distinct(number, generator(seed, "stability"))
        outcomes: list[tuple[float, float, float, int, float]] = []
        for k, architecture in enumerate(map(bench.space.grammar.canonical, drawn)):
            kept = place / f"{k}.done"
            if not kept.exists():
                begin = time.perf_counter()
                trained = train_standalone(
                    bench.rerank.skeleton, architecture, bench.data.train, bench.config.rerank.training,
                    seed=seed, stage=f"random-{architecture.id}",
                )  # fmt: skip
                valid, held = (measure(trained.module, part) for part in (bench.data.valid, test.images))
                size = int(bench.rerank.sizes.num_params([architecture])[0])
                save_state(kept, [valid.metric, held.metric, held.standard_error, size, time.perf_counter() - begin])
            outcomes.append(tuple(load_state(kept)))
    best = max(outcomes, key=lambda outcome: outcome[0])
    return {
        "way": way,
        "seed": seed,
        "accuracy": best[1],
        "standard_error": best[2],
        "trained": number,
        "num_params": best[3],
        "minutes": sum(outcome[4] for outcome in outcomes) / 60,
    }


def row_path(way: str, seed: int, args: argparse.Namespace) -> Path:
    """Where a finished row is kept."""
    return Path(args.work / f"{way}-{seed}.json")


def run(jobs: list[tuple[str, int, int]], args: argparse.Namespace) -> None:
    """The rows that are missing, ``args.jobs`` at a time, each in a process of its own."""
    missing = [job for job in jobs if not row_path(job[0], job[1], args).exists()]
    print(f"{len(jobs) - len(missing)} of {len(jobs)} rows are there", file=sys.stderr)
    words = ["--work", str(args.work), *(["--data", args.data] if args.data else [])]
    words += [word for pair in args.set for word in ("--set", pair)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with ThreadPoolExecutor(args.jobs) as workers:
        command = [sys.executable, __file__, *words, "--one"]
        started = [
            workers.submit(subprocess.run, [*command, *map(str, job)], env=environment, check=True) for job in missing
        ]
        for count, done in enumerate(as_completed(started), 1):
            done.result()
            print(f"{count} of {len(missing)}", file=sys.stderr, flush=True)


def read(way: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """The finished rows of a way."""
    paths = [row_path(way, seed, args) for seed in range(args.seeds)]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def equal_number(args: argparse.Namespace) -> int:
    """How many random trainings take as long as a balanced search did on average."""
    import numpy as np

    searches, alone = read("balanced", args), read("random", args)
    each = float(np.mean([row["minutes"] / row["trained"] for row in alone]))
    return max(1, min(MOST_EQUAL, int(np.mean([row["minutes"] for row in searches]) / each)))


def report(args: argparse.Namespace) -> None:
    """Write and print: mean and spread of the winner's held-out accuracy, with 95 % intervals of both."""
    import numpy as np
    from scipy import stats

    git = ["git", "-C", str(HERE), "rev-parse", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    found = {way: read(way, args) for way in (*WAYS, EQUAL)}
    RESULTS.write_text(json.dumps({"commit": commit, "rows": found}, indent=1) + "\n")
    head = ("mean accuracy, % (95 %)", "spread, points (95 %)")
    print(f"{'way':<10} {'seeds':>5} {head[0]:>28} {head[1]:>26} {'trained':>8} {'min':>6}")
    for way, rows in found.items():
        values = np.array([100 * row["accuracy"] for row in rows])
        if len(values) < 2:
            continue
        free, spread = len(values) - 1, float(values.std(ddof=1))
        half = float(stats.t.ppf(0.975, free) * spread / len(values) ** 0.5)
        low, high = (spread * float(np.sqrt(free / stats.chi2.ppf(q, free))) for q in (0.975, 0.025))
        trained, minutes = rows[0]["trained"], float(np.mean([row["minutes"] for row in rows]))
        print(
            f"{way:<10} {len(values):>5} {f'{values.mean():.2f} +- {half:.2f}':>28} "
            f"{f'{spread:.2f} ({low:.2f} .. {high:.2f})':>26} {trained:>8} {minutes:>6.1f}"
        )
    for first, second in (("balanced", "uniform"), ("balanced", "random"), ("uniform", "random"), ("balanced", EQUAL)):
        pairs = [{row["seed"]: 100 * row["accuracy"] for row in found[way]} for way in (first, second)]
        gain = np.array([pairs[0][seed] - pairs[1][seed] for seed in sorted(pairs[0].keys() & pairs[1].keys())])
        if len(gain) >= 2:
            half = float(stats.t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / len(gain) ** 0.5)
            mean = float(gain.mean())
            print(f"{first} minus {second}, by seed: {mean:+.2f} points ({mean - half:+.2f} to {mean + half:+.2f})")
    print("Spread: standard deviation over seeds; its interval (chi-square, if the values are normal) is wide for few.")


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("stability-work"))
    parser.add_argument("--data", help="a bnao data source in place of the bundled images")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2, help="searches side by side, one thread each")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any setting of a search")
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "SEED", "NUMBER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    if args.one is not None:
        one(args.one[0], int(args.one[1]), int(args.one[2]), args)
        return
    if not args.report:
        top = configuration("balanced", 0, args).rerank.top
        run([(way, seed, top) for seed in range(args.seeds) for way in WAYS], args)
        run([(EQUAL, seed, equal_number(args)) for seed in range(args.seeds)], args)
    report(args)


if __name__ == "__main__":
    main()
