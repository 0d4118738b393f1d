"""Is the demo search better than random? Best-of-k searched against best-of-k random, on held-out data, over seeds.

    python benchmarks/demo_gain.py --seeds 10 --jobs 2

For each seed the demo recipe runs without its final training (it does not enter the comparison), with one thread. Both
arms train the same number of architectures with the same stand-alone budget, choose on validation, and are measured on
the 2,000 held-out images. Rows are written to benchmarks/demo_gain.json as they come; seeds that are there are not run
again (delete the file to start anew). Everything is printed; nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

RESULTS = Path(__file__).with_suffix(".json")


def run_seed(seed: int) -> dict[str, object]:
    """One search in this process; its row."""
    import bnao.api as api
    from bnao.recipes import load_recipe

    demo = load_recipe("demo")
    config = replace(demo, seed=seed, threads=1, final=replace(demo.final, mode="rerank"))
    with tempfile.TemporaryDirectory() as folder:
        summary = api.search(config, Path(folder) / "run", recipe="demo").summary
    arms: dict[str, object] = {}
    for arm in ("searched", "random"):
        trained = [t for t in summary.trained if t.arm == arm]
        arms[arm] = {
            "test_of_best": next(t.test_metric for t in trained if t.test_metric is not None),
            "valid": [t.valid_metric for t in trained],
            "num_params": [t.num_params for t in trained],
        }
    return {
        "seed": seed,
        "gain": summary.gain,
        **arms,
        "stage_seconds": summary.stage_seconds,
        "stage_figures": summary.stage_figures,
        "versions": summary.versions,
    }


def main() -> None:
    """Run the missing seeds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2, help="searches side by side, one thread each")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)  # run this seed alone and print its row
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(run_seed(args.one)))
        return
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    rows = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    if any(row["commit"] != commit for row in rows):
        sys.exit(f"{RESULTS} holds rows of another commit than {commit}: delete it to start anew")
    missing = [seed for seed in range(args.seeds) if seed not in {row["seed"] for row in rows}]
    with ThreadPoolExecutor(args.jobs) as workers:
        command = [sys.executable, __file__, "--one"]
        jobs = [
            workers.submit(subprocess.run, [*command, str(s)], stdout=subprocess.PIPE, text=True, check=True)
            for s in missing
        ]
        for job in as_completed(jobs):
            rows = sorted([*rows, {**json.loads(job.result().stdout), "commit": commit}], key=lambda row: row["seed"])
            RESULTS.write_text(json.dumps({"rows": rows}, indent=1) + "\n")
            print(f"seed {rows[-1]['seed']}: {len(rows)} of {args.seeds} done", file=sys.stderr)
    report(rows)


def report(rows: list[dict[str, object]]) -> None:
    """The table, the mean gain with its 95 % t-interval, and how often the search won."""
    print(f"{'seed':>4} {'searched':>9} {'random':>9} {'gain, points':>13}")
    gains = np.array([100 * row["gain"] for row in rows])
    for row, gain in zip(rows, gains, strict=True):
        ours, theirs = row["searched"]["test_of_best"], row["random"]["test_of_best"]
        print(f"{row['seed']:>4} {100 * ours:>8.2f}% {100 * theirs:>8.2f}% {gain:>+13.2f}")
    if len(gains) >= 2:
        half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        print(
            f"mean gain {gains.mean():+.2f} points, 95 % interval {gains.mean() - half:+.2f} .. "
            f"{gains.mean() + half:+.2f} ({len(gains)} seeds; searched ahead in {int((gains > 0).sum())})"
        )


if __name__ == "__main__":
    main()
