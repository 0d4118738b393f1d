"""Is a searched cell better than the published one and than random ones of its size, when all are trained in full?

    python benchmarks/final_training.py --images CIFAR --run SEARCH --work FOLDER run
    ... report

CIFAR is a bnao data source with all of CIFAR-10, SEARCH the folder of a finished search of NAO cells (that of
final_training_search.toml). Five cells: the published one (as it is, so of another size), the search's winner, and
three random cells whose networks have nearly as many parameters as the winner's (nearest of 2,000 drawn, by the
stand-alone network of final_training.toml). Each is trained with the same schedule and ``--seeds`` seeds on all
training images, and measured on the test images after the last epoch. Two one-thread trainings go side by side
(``--jobs``); each is a run of the product in FOLDER/CELL-SEED, which goes on after a kill. The cells, and a row for
each finished training, are kept in rows-final/; what is there is not made again, and SEARCH is then not needed.
``--epochs``, ``--channels`` and ``--train-images`` make it smaller, to try it out, with rows in FOLDER instead.
final_training.json and the table are written from the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONFIG = HERE / "final_training.toml"
RESULTS = HERE / "final_training.json"
ROWS = HERE / "rows-final"
DRAWN, RANDOM = 2000, 3


def configuration(args: argparse.Namespace) -> Any:
    """The settings of every training but its architecture and seed."""
    from bnao.recipes import load_train_recipe
    from bnao.settings import update, update_from_toml

    config = update_from_toml(load_train_recipe("cifar10-final"), CONFIG)
    changes: dict[str, Any] = {"data": {"source": args.images}}
    if args.train_images is not None:
        changes["data"]["max_train_images"] = args.train_images
    if args.epochs is not None:
        changes["training"] = {"epochs": args.epochs}
    if args.channels is not None:
        changes["network"] = {"channels": args.channels}
    return update(config, changes)


def kept(args: argparse.Namespace) -> Path:
    """Where cells and rows are kept: beside this file at the full scale, in the work folder at any other."""
    smaller = any(value is not None for value in (args.train_images, args.epochs, args.channels))
    return Path(args.work) / "rows" if smaller else ROWS


def row_path(name: str, seed: int, args: argparse.Namespace) -> Path:
    """Where the row of a finished training is kept."""
    return kept(args) / f"{name}-{seed}.json"


def cells(args: argparse.Namespace) -> dict[str, str]:
    """The cells by name, as tokens; kept, so that a later call takes the same."""
    path = kept(args) / "cells.json"
    if path.exists():
        known: dict[str, str] = json.loads(path.read_text())
        return known
    if args.run is None:
        sys.exit(f"{path} is not there yet: name a finished search of NAO cells by --run")
    import numpy as np

    from bnao.cost.sizes import SizeTable
    from bnao.loop.result import read_result
    from bnao.rng import generator
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space
    from bnao.spaces.nao_cell import PUBLISHED
    from bnao.storage import RunFolder
    from bnao.task import Task

    load_spaces()
    config = configuration(args)
    side = config.data.resolution or 32
    space = make_space(config.space)
    winner = space.grammar.canonical(space.grammar.parse(read_result(RunFolder.open(args.run)).winner.architecture))
    task = Task(in_channels=3, image_size=(side, side), num_classes=10)
    sizes = SizeTable(space.skeleton(config.network, task))
    drawn = space.grammar.sample_distinct(DRAWN, generator(0, "final training benchmark"))
    far = np.abs(sizes.num_params(drawn) - sizes.num_params([winner])[0])
    nearest = [drawn[k] for k in np.argsort(far, kind="stable") if drawn[k].id != winner.id][:RANDOM]
    found = {"published": PUBLISHED, "searched": str(winner)}
    found |= {f"random{k}": str(architecture) for k, architecture in enumerate(nearest, 1)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")
    return found


def one(name: str, seed: int, args: argparse.Namespace) -> None:
    """A training, or what is left of it, and its row."""
    from dataclasses import replace

    import bnao
    from bnao.loop.train.result import read_training
    from bnao.storage import RunFolder

    folder = args.work / f"{name}-{seed}"
    if (folder / "manifest.json").exists():
        bnao.resume_training(folder)
    else:
        bnao.train(replace(configuration(args), seed=seed), cells(args)[name], folder, recipe="final_training")
    result = read_training(RunFolder.open(folder))
    row = {
        "cell": name,
        "seed": seed,
        "architecture": result.architecture,
        "num_params": result.num_params,
        "macs": result.macs,
        "test_error": result.test_error,
        "standard_error": result.standard_error,
        "minutes": result.seconds / 60,
        "versions": result.versions,
    }
    path = row_path(name, seed, args)
    path.with_suffix(".partial").write_text(json.dumps(row, indent=1) + "\n")
    path.with_suffix(".partial").rename(path)


def run(args: argparse.Namespace) -> None:
    """All trainings that have not finished, some at a time."""
    jobs = [(name, seed) for seed in range(args.seeds) for name in cells(args)]
    missing = [(n, s) for n, s in jobs if not row_path(n, s, args).exists()]
    print(f"{len(jobs) - len(missing)} of {len(jobs)} trainings are there", file=sys.stderr)
    command = [sys.executable, __file__, *options(args), "one"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with ThreadPoolExecutor(args.jobs) as workers:
        started = [
            workers.submit(subprocess.run, [*command, name, str(seed)], env=environment, check=True)
            for name, seed in missing
        ]
        for count, done in enumerate(as_completed(started), 1):
            done.result()
            print(f"{count} of {len(missing)}", file=sys.stderr, flush=True)


def options(args: argparse.Namespace) -> list[str]:
    """The options as words again, for a process of its own."""
    names = ("images", "run", "work", "train_images", "epochs", "channels")
    given = [(name, getattr(args, name)) for name in names if getattr(args, name) is not None]
    return [word for name, value in given for word in (f"--{name.replace('_', '-')}", str(value))]


def rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """One row for each finished training."""
    paths = [row_path(name, seed, args) for name in cells(args) for seed in range(args.seeds)]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def report(args: argparse.Namespace) -> None:
    """Write and print: error by cell, mean over seeds with its 95 % interval, and the differences from random."""
    import numpy as np

    made = rows(args)
    config = configuration(args)
    git = ["git", "-C", str(HERE), "rev-parse", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    settings = {"epochs": config.training.epochs, "channels": config.network.channels}
    RESULTS.write_text(json.dumps({"commit": commit, "settings": settings, "rows": made}, indent=1) + "\n")
    print(f"{'cell':<10} {'params':>9} {'madds':>11} {'test error, % (95 % interval)':>32} {'minutes':>8}")
    errors: dict[str, list[float]] = {}
    for name in dict.fromkeys(row["cell"] for row in made):
        mine = [row for row in made if row["cell"] == name]
        errors[name] = [100 * row["test_error"] for row in mine]
        minutes = float(np.mean([row["minutes"] for row in mine]))
        print(
            f"{name:<10} {mine[0]['num_params']:>9,} {mine[0]['macs']:>11,} {interval(errors[name]):>32} "
            f"{minutes:>8.1f}"
        )
    random = [value for name, values in errors.items() if name.startswith("random") for value in values]
    for name in ("published", "searched"):
        if errors.get(name) and random:
            gain = difference(random, errors[name])
            print(f"random minus {name}: {gain} points of test error (above 0: {name} is better)")


def interval(values: list[float]) -> str:
    """Mean and 95 % t-interval over seeds."""
    import numpy as np
    from scipy import stats

    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.2f} (one seed)"
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)
    return f"{mean:.2f} ({mean - half:.2f} .. {mean + half:.2f})"


def difference(first: list[float], second: list[float]) -> str:
    """Mean difference with its 95 % interval by Welch; over trainings, so cells and seeds together."""
    import numpy as np
    from scipy import stats

    mean = float(np.mean(first) - np.mean(second))
    if min(len(first), len(second)) < 2:
        return f"{mean:+.2f} (too few for an interval)"
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    return f"{mean:+.2f} ({low:+.2f} .. {high:+.2f})"


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, help="CIFAR-10, a bnao data source")
    parser.add_argument("--run", type=Path, help="a finished search of NAO cells, where none was taken yet")
    parser.add_argument("--work", type=Path, default=Path("final-training-work"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--train-images", type=int)
    parser.add_argument("--epochs", type=float)
    parser.add_argument("--channels", type=int)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run")
    commands.add_parser("report")
    single = commands.add_parser("one")
    single.add_argument("name")
    single.add_argument("seed", type=int)
    args = parser.parse_args()
    if args.command == "one":
        one(args.name, args.seed, args)
    else:
        if args.command == "run":
            run(args)
        report(args)


if __name__ == "__main__":
    main()
