"""How good is what a whole search finds? NAS-Bench-201 on CIFAR-10, the winner looked up in the table afterwards.

    python benchmarks/ranking/whole_search.py --table TABLE.csv.gz --images CIFAR --work FOLDER run --seeds 5
    ... report

The search (SETTINGS.toml; ``--settings``, by default whole_search) sees images alone: no accuracy of the table takes
part in it. Two one-thread searches go side by side; each is a run of the product in FOLDER/SETTINGS/SEED, resumed after
a kill. Rows and the table are in SETTINGS.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SETTINGS = ("whole_search", "whole_search_long")
GOAL, OPTIMUM, LARGEST = 94.0, 94.37, 93.76


def one(seed: int, args: argparse.Namespace) -> None:
    """A search with this seed, or what is left of it."""
    from run import commit

    import bnao
    from bnao import api
    from bnao.loop.config import SearchConfig
    from bnao.settings import update, update_from_toml

    folder = args.work / str(seed)
    if (folder / "manifest.json").exists():
        api.resume(folder)
        return
    _commit_file(seed, args).write_text(commit() + "\n")
    config = SearchConfig()
    for name in dict.fromkeys((SETTINGS[0], args.settings)):  # the others say what differs from the first
        config = update_from_toml(config, HERE / f"{name}.toml")
    config = update(config, {"seed": seed, "data": {"source": args.images}})
    bnao.search(config, folder, recipe=args.settings)


def _commit_file(seed: int, args: argparse.Namespace) -> Path:
    """Of the code that a search was begun with."""
    return Path(args.work / f"{seed}.commit")


def row(seed: int, args: argparse.Namespace, truth: dict[str, float]) -> dict[str, Any]:
    """What the finished search of a seed found, with the true test accuracies in percent."""
    from bnao.loop.result import read_result
    from bnao.storage import RunFolder

    run = RunFolder.open(args.work / str(seed))
    result = read_result(run)
    trained = [truth[name] for name in {each.id for each in result.trained}]  # finalists are named twice
    return {
        "seed": seed,
        "winner": result.winner.architecture,
        "true_accuracy": truth[result.winner.id],
        "best_of_trained": max(trained),
        "mean_of_trained": sum(trained) / len(trained),
        "minutes": sum(result.stage_seconds.values()) / 60,
        "stage_seconds": result.stage_seconds,
        "versions": result.versions,
        "commit": _commit_file(seed, args).read_text().strip(),
    }


def report(args: argparse.Namespace) -> None:
    """Look the finished winners of the first seeds up, write and print; say which are missing.

    Rows of seeds that have no search in FOLDER, or are not asked for, stay as they were, each with the commit that it
    was made at. A row's minutes are on the wall, beside another search.
    """
    import numpy as np
    from scipy import stats

    from bnao.evaluation.tables import read_table

    table, results = read_table(args.table), HERE / f"{args.settings}.json"
    truth: dict[str, float] = {}
    for architecture, accuracy in zip(table.architectures, table.test_accuracy_P, strict=True):
        truth.setdefault(architecture.id, 100 * float(accuracy))
    before = json.loads(results.read_text())["rows"] if results.exists() else []
    found_rows = {r["seed"]: r for r in before}
    for seed in range(args.seeds):
        if (args.work / str(seed) / "result.json").exists():
            found_rows[seed] = row(seed, args, truth)
    missing = sorted(set(range(args.seeds)) - set(found_rows))
    if not found_rows:
        raise SystemExit(f"no search has ended in {args.work}")
    rows = [found_rows[seed] for seed in sorted(found_rows)]
    found = np.array([r["true_accuracy"] for r in rows])
    half = float(stats.t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / len(found) ** 0.5) if len(found) > 1 else None
    summary = {
        "mean": float(found.mean()),
        "half_width": half,
        "goal": GOAL,
        "missing": missing,
        "rows": rows,
    }
    results.write_text(json.dumps(summary, indent=1) + "\n")
    for r in rows:
        print(
            f"seed {r['seed']}: {r['true_accuracy']:.2f} % (best of the trained {r['best_of_trained']:.2f}, their mean "
            f"{r['mean_of_trained']:.2f}), {r['minutes']:.0f} minutes"
        )
    print(
        f"mean {found.mean():.2f} +- {half}; goal {GOAL}, optimum {OPTIMUM}, largest cell {LARGEST}; "
        f"seeds that have not ended: {missing}"
    )


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--work", type=Path, default=Path("whole-search-work"))
    parser.add_argument("--settings", choices=SETTINGS, default=SETTINGS[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "report"):
        commands.add_parser(name).add_argument("--seeds", type=int, default=5)
    commands.add_parser("one").add_argument("seed", type=int)
    args = parser.parse_args()
    sys.path.insert(0, str(HERE))
    folder = args.work
    args.work = folder / args.settings
    args.work.mkdir(parents=True, exist_ok=True)
    if args.command == "one":
        one(args.seed, args)
    elif args.command == "report":
        report(args)
    else:
        places = [
            "--table",
            str(args.table),
            "--images",
            args.images,
            "--work",
            str(folder),
            "--settings",
            args.settings,
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with ThreadPoolExecutor(2) as workers:
            commands = [[sys.executable, __file__, *places, "one", str(seed)] for seed in range(args.seeds)]
            ended = list(workers.map(lambda command: subprocess.run(command, env=environment, check=False), commands))
        report(args)
        if any(each.returncode for each in ended):
            raise SystemExit("a search failed; call again to go on with it")


if __name__ == "__main__":
    main()
