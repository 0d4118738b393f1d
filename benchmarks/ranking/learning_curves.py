"""How long should a copy of the shared weights learn before it is scored? NAS-Bench-201, cells of set A.

    python benchmarks/ranking/learning_curves.py --table TABLE.csv.gz --images CIFAR --work FOLDER run NAME SEED
    ... report

Each cell's copy of the supernet NAME SEED (of ``run.py``, in FOLDER, trained if need be) learns 60 steps as the score
``learning`` does; kept are the means of its losses over the first 1, 3, 5, ... steps, in curves/, after every 20
cells. ``report`` ranks by them, by their mean with the plain loss of ``run.py screen`` (the score ``both``), and, as a
bound on what the curve knows, by a linear fit on all of them (cross-fitted: it has seen the truth of other cells). The
rate falls over 60 steps: a scoring of ten steps falls faster.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CURVES = HERE / "curves"
STEPS, KEPT = 60, (1, 3, 5, 8, 10, 15, 20, 30, 40, 60)


def run(args: argparse.Namespace) -> None:
    """Make or finish the curves of a supernet."""
    import numpy as np
    import torch
    from cells import evaluation_cells
    from configurations import CONFIGURATIONS
    from one_run import trained
    from run import commit

    from bnao.evaluation.adaptation import Adaptation
    from bnao.evaluation.config import ScoringConfig
    from bnao.evaluation.tables import read_table
    from bnao.spaces.base import make_space

    torch.set_num_threads(1)
    config, scoring = CONFIGURATIONS[args.name], ScoringConfig(score="learning", adapt_steps=STEPS)
    made = trained(config, args.seed, args.images, args.work / f"{args.name}-{args.seed}")
    adaptation = Adaptation(
        made.supernet.root,
        made.data.train,
        steps=scoring.adapt_steps,
        learning_rate=scoring.adapt_learning_rate,
        batch_size=scoring.adapt_batch_size,
        seed=0,
    )
    CURVES.mkdir(exist_ok=True)
    path, grammar = CURVES / f"{args.name}-{args.seed}-A.json", make_space(config.space).grammar
    kept: dict[str, Any] = {"configuration": args.name, "seed": args.seed, "commit": commit(), "means": []}
    if path.exists():
        kept = json.loads(path.read_text())
    cells = evaluation_cells(read_table(args.table), "A").architectures
    for number in range(len(kept["means"]), len(cells)):
        _, figures = adaptation.learned(made.supernet.path(grammar.canonical(cells[number])))
        losses = [loss for loss, _ in figures]
        kept["means"].append([round(float(np.mean(losses[:n])), 4) for n in KEPT])
        if (number + 1) % 20 == 0 or number + 1 == len(cells):
            path.write_text(json.dumps(kept) + "\n")
            print(f"{number + 1} of {len(cells)}", file=sys.stderr, flush=True)


def report(args: argparse.Namespace) -> None:
    """Print a table for each supernet."""
    import numpy as np
    from cells import evaluation_cells

    from bnao import ranking
    from bnao.evaluation.tables import read_table
    from bnao.ranking.counts_fit import cross_fitted

    found = evaluation_cells(read_table(args.table), "A")
    for path in sorted(CURVES.glob("*.json")):
        kept = json.loads(path.read_text())
        name, means = path.stem, np.array(kept["means"])
        count = len(means)
        truth, sizes, counts = found.truth_P[:count], found.params_P[:count], found.counts_PO[:count]
        plain = np.array(json.loads((HERE / "rows" / f"{name}.json").read_text())["loss"][:count])
        print(f"\n{name}: {count} cells of set A\n")
        print("| score | tau | within equal size | top half | mean truth of the top 10 |\n|---|---|---|---|---|")

        def show(label: str, scores: Any, truth: Any = truth, sizes: Any = sizes) -> None:
            figures = ranking.report(scores, truth, sizes).score
            taus = (figures.overall, figures.within_size, figures.top_half)
            cells = " | ".join(str(each.kendall) for each in taus)
            print(f"| {label} | {cells} | {100 * figures.pick.top_mean.value:.2f} % |", flush=True)

        show("validation loss", -plain)
        for column, steps in enumerate(KEPT):
            show(f"`learning`, {steps} steps", -means[:, column])
        for column, steps in enumerate(KEPT):
            show(f"`both`, {steps} steps", -means[:, column] - plain)
        curve = np.column_stack([plain, means])
        show("fit on the curve", cross_fitted(curve, truth, 0))
        show("fit on operation counts", cross_fitted(counts.astype(float), truth, 0))
        show("fit on counts and the curve", cross_fitted(np.column_stack([counts, curve]), truth, 0, counts))


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--images", required=True, help="CIFAR-10, a bnao data source")
    parser.add_argument("--work", type=Path, default=Path("ranking-work"), help="folder for checkpoints")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run")
    command.add_argument("name")
    command.add_argument("seed", type=int)
    commands.add_parser("report")
    args = parser.parse_args()
    sys.path.insert(0, str(HERE))
    (run if args.command == "run" else report)(args)


if __name__ == "__main__":
    main()
