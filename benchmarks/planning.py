"""Are plans true? Plans micro searches of many settings, runs each, and counts how many lie inside the interval.

    .venv/bin/python benchmarks/planning.py --searches 20

Each plan and each search has a process of its own with one thread, on a machine that should do nothing else. The actual
time is that on the wall from the call of `bnao.search` to its return, torch being imported already. Every fifth search
has a limit of minutes, and its plan is the one it made itself. Rows that planning.json holds already are not run again;
--anew forgets them. Prints the table and writes benchmarks/planning.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_suffix(".json")
SMALL = {
    "threads": 1,
    "data.resolution": 8,
    "data.max_train_images": 1500,
    "space.nodes": 3,
    "supernet.training.epochs": 3,
    "loop.pool": 40,
    "loop.proposals": 15,
    "final.training.epochs": 6,
}
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("cells", "nao_cell", {}),
    ("mobile", "mobile", {"data.resolution": 16, "supernet.training.epochs": 1, "rerank.top": 2}),
    ("own model", "own", {"loop.pool": 30, "final.training.epochs": 20, "supernet.training.epochs": 20}),
    ("cells, adapted scores", "nao_cell", {"scoring.adapt_steps": 10, "scoring.images": 200, "loop.pool": 20}),
    ("cells, limit", "nao_cell", {"max_minutes": 1.5}),
    ("nasbench201", "nasbench201", {"supernet.network.cells_per_stage": 1, "final.network.cells_per_stage": 1}),
    ("cells, one round", "nao_cell", {"loop.rounds": 1, "loop.pool": 60, "final.mode": "rerank", "rerank.top": 4}),
    ("cells, sandwich", "nao_cell", {"sampling.policy": "sandwich", "supernet.training.epochs": 1}),
    ("cells, fixed controller", "nao_cell", {"controller.early_stop": False, "controller.epochs": 60}),
    ("mobile, limit", "mobile", {"data.resolution": 16, "max_minutes": 2.0}),
]


def search_arguments(number: int) -> tuple[Any, dict[str, Any]]:
    """The model and the other arguments of search ``number``."""
    import torch
    from torch import nn

    import bnao

    _, space, changes = CASES[number % len(CASES)]
    settings = {**SMALL, **changes}
    if space != "own":
        return space_config(space, settings, number), {}

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.wide, self.narrow = nn.Linear(64, width), nn.Linear(width, 64)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.narrow(torch.relu(self.wide(x)))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.head = nn.Linear(16, 64), nn.Linear(64, 3)
            widths = {width: lambda width=width: Block(width) for width in (64, 256, 1024)}
            self.blocks = nn.Sequential(*[bnao.OneOf({**widths, "skip": nn.Identity}) for _ in range(5)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.blocks(self.stem(x)))

    inputs = torch.randn(4000, 16, generator=torch.Generator().manual_seed(number))
    train = torch.utils.data.TensorDataset(inputs, (inputs[:, :3] ** 2).argmax(1))
    kept = {k: v for k, v in settings.items() if not k.startswith(("data.", "space."))}
    return Net, {"train": train, "seed": number, "settings": kept}


def space_config(space: str, settings: dict[str, Any], number: int) -> Any:
    """The recipe of a built-in space, made small."""
    from bnao.recipes import load_recipe
    from bnao.settings import nest, update

    config = load_recipe("mobile-demo" if space == "mobile" else "demo")
    if space != "nao_cell":
        del settings["space.nodes"]
    return update(config, nest({**settings, "space.name": space, "seed": number}))


def run_one(what: str, number: int) -> dict[str, Any]:
    """A plan or a search in this process."""
    import bnao
    import bnao.api
    import bnao.loop.asked
    import bnao.loop.run
    import bnao.report.web.page
    from bnao.storage import to_plain

    model, arguments = search_arguments(number)
    begin = time.monotonic()
    if what == "plan":
        plan = bnao.plan(model, **arguments)
        return {"plan": to_plain(plan), "planning_seconds": time.monotonic() - begin}
    with tempfile.TemporaryDirectory() as folder:
        summary = bnao.search(model, Path(folder) / "run", **arguments).summary
        seconds = time.monotonic() - begin
    found: dict[str, Any] = {"seconds": seconds, "stage_seconds": summary.stage_seconds, "versions": summary.versions}
    return found if summary.plan is None else {**found, "plan": to_plain(summary.plan), "planning_seconds": None}


def in_process(what: str, number: int) -> dict[str, Any]:
    """:func:`run_one` in a process of its own."""
    command = [sys.executable, __file__, "--one", what, "--number", str(number)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(number: int) -> dict[str, Any]:
    """Plan, search, compare."""
    name, _, changes = CASES[number % len(CASES)]
    planned = {} if "max_minutes" in changes else in_process("plan", number)
    begun = os.getloadavg()[0]
    found = {"number": number, "name": name, **planned, **in_process("search", number)}
    total = found["plan"]["total"]
    return {**found, "load": begun, "inside": total["low"] <= found["seconds"] <= total["high"]}


def print_table(rows: list[dict[str, Any]]) -> None:
    """One line a search, and how many were inside."""
    print(f"{'search':26}{'from':>8}{'about':>8}{'to':>8}{'high/low':>10}{'took, s':>9}{'':4}{'stages outside'}")
    for each in rows:
        total = each["plan"]["total"]
        took = {**each["stage_seconds"]}
        outside = [
            f"{stage['name']} {took[stage['name']]:.1f} ({stage['seconds']['low']:.1f}-{stage['seconds']['high']:.1f})"
            for stage in each["plan"]["stages"]
            if stage["name"] in took and not stage["seconds"]["low"] <= took[stage["name"]] <= stage["seconds"]["high"]
        ]
        print(
            f"{each['name']:26}{total['low']:8.1f}{total['middle']:8.1f}{total['high']:8.1f}"
            f"{total['high'] / total['low']:10.2f}{each['seconds']:9.1f}{'  ' if each['inside'] else '  *'}  "
            + ", ".join(outside)
        )
    limits = [each for each in rows if each["plan"]["limit_minutes"] is not None]
    kept = sum(each["seconds"] <= 60 * each["plan"]["limit_minutes"] for each in limits)
    print(f"inside in {sum(each['inside'] for each in rows)} of {len(rows)}; limits kept in {kept} of {len(limits)}")


def main() -> None:
    """Run the missing searches and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=20)
    parser.add_argument("--anew", action="store_true", help="forget the rows that there are")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--one", choices=("plan", "search"), help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(options.one, options.number)))
        return
    kept = json.loads(options.results.read_text()) if options.results.exists() and not options.anew else []
    rows = {each["number"]: each for each in kept}
    for number in range(options.searches):
        if number not in rows:
            rows[number] = row(number)
            options.results.write_text(json.dumps([rows[k] for k in sorted(rows)], indent=1) + "\n")
            print_table([rows[number]])
    print_table([rows[k] for k in sorted(rows)][: options.searches])


if __name__ == "__main__":
    main()
