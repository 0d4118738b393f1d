"""What makes a one-shot ranking true? Supernets on CIFAR-10 against NAS-Bench-201's true test accuracies.

    python benchmarks/ranking/run.py --table TABLE.csv.gz --images CIFAR --work FOLDER screen     # one seed each, set A
    ... choose NAME...        # what a set of 1000 other cells is opened for, fixed before it is
    ... choose NAME... --add WHY    # what else is scored on an open set, with the reason, fixed before it is
    ... confirm --seeds 5     # the chosen ones, seeds 0 to 4, on that set
    ... report                # results.json and the table, from the rows
    ... check NAME SEED       # run one row again from nothing and compare it with the stored one

Set A (500 cells) is what configurations are chosen by. Sets B and C (1000 others each; ``--cells``) are each opened
once, by ``confirm``, for those in choice.json alone. Two one-thread runs go side by side (``--jobs``). A run is kept in
the work folder and goes on after a kill; finished rows are written to rows/ at once and never run again.
``train_minutes`` are CPU minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROWS = HERE / "rows"
CHOICE = HERE / "choice.json"


def commit() -> str:
    """The commit of the code, with a mark if the tree has changes beside rows and results."""
    git = ["git", "-C", str(HERE)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    watched = [str(HERE.parents[1] / "src"), *map(str, HERE.glob("*.py"))]
    dirty = subprocess.run([*git, "status", "--porcelain", "--", *watched], capture_output=True, text=True, check=False)
    return head + (" with changes" if dirty.stdout.strip() else "")


def row_path(name: str, seed: int, cells: str) -> Path:
    """Where a finished row is kept."""
    return ROWS / f"{name}-{seed}-{cells}.json"


def one(name: str, seed: int, cells: str, args: argparse.Namespace) -> dict[str, Any]:
    """Train (or go on, or read) one supernet and score one set of cells; the row, read where it is finished."""
    if row_path(name, seed, cells).exists() and not args.anew:
        stored: dict[str, Any] = json.loads(row_path(name, seed, cells).read_text())
        return stored
    import torch
    from cells import evaluation_cells
    from configurations import CONFIGURATIONS
    from one_run import scores, trained

    from bnao.evaluation.tables import read_table

    torch.set_num_threads(1)
    config = CONFIGURATIONS[name]
    if config.mean_of is not None:
        return mean_row(name, seed, cells, [one(part, seed, cells, args) for part in config.mean_of])
    folder = args.work / f"{config.trained_as or name}-{seed}"

    def tell(epoch: Any) -> None:
        print(f"{name} seed {seed}: epoch {epoch.epoch}, loss {epoch.loss:.3f}", file=sys.stderr, flush=True)

    made = trained(config, seed, args.images, folder, tell)
    found = scores(
        config, made, evaluation_cells(read_table(args.table), cells).architectures, folder, f"{name}-{cells}"
    )
    return {
        "configuration": name,
        "seed": seed,
        "cells": cells,
        "train_minutes": round(made.train_minutes, 3),
        "score_minutes": round(found.pop("score_minutes"), 3),
        "final_train_loss": round(made.curve[-1]["loss"], 5),
        "steps": config.steps,
        "commit": commit(),
        "machine": f"{platform.machine()}, torch {torch.__version__}, 1 thread",
        **found,
    }


def mean_row(name: str, seed: int, cells: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of a configuration whose score is the mean of two others' losses, made from the same supernet."""
    first, second = parts
    assert first["train_minutes"] == second["train_minutes"], "both scores are of one supernet"

    def mean(figure: str) -> list[float]:
        return [round((a + b) / 2, 6) for a, b in zip(first[figure], second[figure], strict=True)]

    return {
        **first,
        "configuration": name,
        "score_minutes": round(first["score_minutes"] + second["score_minutes"], 3),
        "commit": commit(),
        "loss": mean("loss"),
        "accuracy": mean("accuracy"),
    }


def run_all(jobs: list[tuple[str, int, str]], args: argparse.Namespace) -> None:
    """Run the rows that are missing, ``args.jobs`` at a time, each in a process of its own."""
    from configurations import CONFIGURATIONS

    ROWS.mkdir(exist_ok=True)
    missing = [
        (name, seed, cells) for name, seed, cells in jobs if not all(row_path(name, seed, c).exists() for c in cells)
    ]
    print(f"{len(jobs) - len(missing)} of {len(jobs)} rows are there", file=sys.stderr)
    chains: dict[tuple[str, int], list[tuple[str, int, str]]] = {}  # runs of one supernet come one after the other
    for job in missing:
        chains.setdefault((CONFIGURATIONS[job[0]].trained_as or job[0], job[1]), []).append(job)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    places = ["--table", str(args.table), "--images", args.images, "--work", str(args.work)]

    def start(chain: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
        for name, seed, cells in chain:
            command = [sys.executable, __file__, *places, "one", name, str(seed), "--cells", cells]
            subprocess.run(command, env=environment, check=True)
        return chain

    with ThreadPoolExecutor(args.jobs) as workers:
        for done in as_completed([workers.submit(start, chain) for chain in chains.values()]):
            print("done:", *done.result(), file=sys.stderr, flush=True)


def check(name: str, seed: int, args: argparse.Namespace) -> None:
    """Run a stored row again from nothing and compare: scores are equal to the bit on the same machine and torch."""
    import tempfile

    from scipy.stats import kendalltau

    with tempfile.TemporaryDirectory() as folder:
        again = one(name, seed, args.cells, argparse.Namespace(**{**vars(args), "work": Path(folder), "anew": True}))
    stored = json.loads(row_path(name, seed, args.cells).read_text())
    furthest = max(abs(a - b) for a, b in zip(again["loss"], stored["loss"], strict=True))
    print(
        f"stored: {stored['machine']}, commit {stored['commit']}\nnow:    {again['machine']}, commit {again['commit']}"
    )
    print(
        f"largest difference of a loss: {furthest:.6f}; tau of the two rankings: "
        f"{kendalltau(again['loss'], stored['loss'])[0]:.4f}; train minutes {stored['train_minutes']:.1f} and "
        f"{again['train_minutes']:.1f}"
    )
    sys.exit(0 if furthest == 0 else 1)


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True, help="the NAS-Bench-201 table, csv.gz")
    parser.add_argument("--images", required=True, help="CIFAR-10, a bnao data source")
    parser.add_argument("--work", type=Path, default=Path("ranking-work"), help="folder for checkpoints")
    parser.add_argument("--jobs", type=int, default=2)
    commands = parser.add_subparsers(dest="command", required=True)
    screen = commands.add_parser("screen")
    screen.add_argument("names", nargs="*")
    choose = commands.add_parser("choose")
    choose.add_argument("names", nargs="+")
    choose.add_argument("--add", metavar="WHY", help="add to the choice for a set that is open")
    confirm = commands.add_parser("confirm")
    confirm.add_argument("--seeds", type=int, default=5)
    for command in (choose, confirm):
        command.add_argument("--cells", choices=("B", "C"), default="B")
    commands.add_parser("report")
    for name in ("one", "check"):
        command = commands.add_parser(name)
        command.add_argument("name")
        command.add_argument("seed", type=int)
        command.add_argument("--cells", choices=("A", "B", "C", "AB"), default="A")
    args = parser.parse_args()
    args.anew = False
    sys.path.insert(0, str(HERE))
    from configurations import CONFIGURATIONS

    if args.command == "screen":
        run_all([(name, 0, "A") for name in args.names or CONFIGURATIONS], args)
    elif args.command == "choose":
        chosen = json.loads(CHOICE.read_text())
        if args.cells in chosen and not args.add:
            sys.exit(f"the choice is made: {chosen[args.cells]}; what is chosen later needs --add WHY")
        unknown = set(args.names) - set(CONFIGURATIONS)
        if unknown:
            sys.exit(f"configurations are {', '.join(CONFIGURATIONS)}; received {', '.join(sorted(unknown))}")
        now: dict[str, Any] = {"names": args.names, "commit": commit()}
        if args.cells in chosen:
            chosen[args.cells].setdefault("added", []).append({**now, "why": args.add})
        else:
            chosen[args.cells] = now
        CHOICE.write_text(json.dumps(chosen, indent=1) + "\n")
    elif args.command == "confirm":
        chosen = json.loads(CHOICE.read_text()).get(args.cells)
        if chosen is None:
            sys.exit(f"set {args.cells} is opened for chosen configurations alone: run `choose NAME...` first")
        names = [name for choice in (chosen, *chosen.get("added", ())) for name in choice["names"]]
        run_all([(name, seed, args.cells) for seed in range(args.seeds) for name in names], args)
    elif args.command == "one":
        for cells in args.cells:
            if not row_path(args.name, args.seed, cells).exists():
                row = one(args.name, args.seed, cells, args)
                row_path(args.name, args.seed, cells).write_text(json.dumps(row) + "\n")
    elif args.command == "check":
        check(args.name, args.seed, args)
    else:
        from results import write_results

        write_results(args.table)


if __name__ == "__main__":
    main()
