"""What does a short training of a good cell tell about its full one? NAS-Bench-201, cells of set A.

    python benchmarks/ranking/short_trainings.py --table TABLE.csv.gz --images CIFAR run deep shallow
    ... report

A search ends among good cells, so the question is asked there: CELLS cells are drawn from the BEST of set A (set B is
not read), trained alone on 45,000 images at 16 x 16 pixels by each of PROTOCOLS, and ordered by what is known at the
end: validation accuracy, validation loss, or the mean training loss of the last part of the training (Ru et al.,
arXiv 2006.04492, order architectures by sums of training losses). Rows are in rows-short/, one file a protocol, written
after each training; ``report`` prints Kendall's tau with the table's test accuracy, with a bootstrap interval over
cells, and the mean true accuracy of the first three.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROWS = HERE / "rows-short"
CELLS, BEST, PARTS = 40, 120, 8


@dataclass(frozen=True)
class Protocol:
    """A short training."""

    cells_per_stage: int
    channels: int
    epochs: float
    resolution: int = 16
    crop_padding: int = 2  # 0: images are mirrored, not shifted


PROTOCOLS = {
    "deep": Protocol(3, 8, 1.0),
    "deep_long": Protocol(3, 8, 3.0),
    "shallow": Protocol(1, 8, 3.0),
    "shallow_wide": Protocol(1, 16, 3.0),
    "shallow_flip": Protocol(1, 8, 3.0, crop_padding=0),
    "full_size": Protocol(1, 8, 1.0, resolution=32, crop_padding=0),
}


def chosen(table: Any) -> tuple[list[Any], list[float]]:
    """The cells and their true accuracies in percent."""
    from cells import evaluation_cells

    from bnao.rng import generator

    found = evaluation_cells(table, "A")
    best = found.truth_P.argsort()[::-1][:BEST]
    drawn = generator(0, "ranking", "short").choice(best, CELLS, replace=False).tolist()
    return [found.architectures[k] for k in drawn], [100 * float(found.truth_P[k]) for k in drawn]


def run(protocol: str, args: argparse.Namespace) -> None:
    """Make the rows of a protocol that are missing."""
    import torch
    from configurations import CONFIGURATIONS

    from bnao.data.config import AugmentConfig, DataConfig
    from bnao.data.held_out import load
    from bnao.evaluation.measure import measure
    from bnao.evaluation.tables import read_table
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space
    from bnao.training.loop import Hooks
    from bnao.training.standalone import train_standalone

    load_spaces()
    torch.set_num_threads(1)
    how, base = PROTOCOLS[protocol], CONFIGURATIONS["uniform"]
    data, _ = load(DataConfig(source=args.images, resolution=how.resolution, valid_fraction=0.1), 0)
    network = replace(base.network, cells_per_stage=how.cells_per_stage, channels=how.channels, output="concat")
    augment = AugmentConfig(crop_padding=how.crop_padding)
    training = replace(base.training, epochs=how.epochs, weight_decay=5e-4, augment=augment)
    skeleton = make_space(base.space).skeleton(network, data.task)
    path = ROWS / f"{protocol}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    ROWS.mkdir(exist_ok=True)
    for number, (cell, truth) in enumerate(zip(*chosen(read_table(args.table)), strict=True)):
        if number < len(rows):
            continue
        losses: list[float] = []
        hooks = Hooks(on_step=lambda done, figures, kept=losses: kept.append(figures["loss"]))
        begun = time.process_time()
        trained = train_standalone(skeleton, cell, data.train, training, seed=number, stage="short", hooks=hooks)
        seconds = time.process_time() - begun
        valid = measure(trained.module, data.valid)
        edges = [len(losses) * part // PARTS for part in range(PARTS + 1)]
        rows.append(
            {
                "architecture": str(cell),
                "truth": truth,
                "seconds": seconds,
                "accuracy": valid.metric,
                "loss": valid.loss,
                "train_losses": [sum(losses[a:b]) / (b - a) for a, b in itertools.pairwise(edges)],
            }
        )
        path.write_text(json.dumps(rows, indent=1) + "\n")
        print(f"{protocol}: {len(rows)} of {CELLS}, {seconds:.0f} s", file=sys.stderr, flush=True)


def readings(row: dict[str, Any]) -> dict[str, float]:
    """What a training can be judged by; higher is better."""
    parts = row["train_losses"]
    return {
        "validation accuracy": row["accuracy"],
        "validation loss": -row["loss"],
        "training loss, whole": -sum(parts) / PARTS,
        "training loss, second half": -sum(parts[PARTS // 2 :]) / (PARTS // 2),
        "training loss, last eighth": -parts[-1],
    }


def report() -> None:
    """Print the table."""
    import numpy as np
    from scipy.stats import kendalltau

    for protocol in PROTOCOLS:
        path = ROWS / f"{protocol}.json"
        if not path.exists():
            continue
        rows = json.loads(path.read_text())
        truth = np.array([row["truth"] for row in rows])
        seconds = np.mean([row["seconds"] for row in rows])
        print(
            f"\n{protocol} {PROTOCOLS[protocol]}: {len(rows)} cells of {truth.min():.2f} to {truth.max():.2f} %, "
            f"{seconds:.0f} CPU s each"
        )
        for name in readings(rows[0]):
            value = np.array([readings(row)[name] for row in rows])
            rng = np.random.default_rng(0)
            picks = [rng.integers(len(rows), size=len(rows)) for _ in range(1000)]
            taus = [float(kendalltau(value[p], truth[p])[0]) for p in picks]
            low, high = np.quantile(taus, [0.025, 0.975])
            first = truth[np.argsort(-value, kind="stable")[:3]].mean()
            tau = float(kendalltau(value, truth)[0])
            print(f"  {name:28} tau {tau:+.3f} ({low:+.2f} to {high:+.2f}), first three {first:.2f} %")


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--images", required=True, help="CIFAR-10, a bnao data source")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run").add_argument("protocols", nargs="+", choices=tuple(PROTOCOLS))
    commands.add_parser("report")
    args = parser.parse_args()
    sys.path.insert(0, str(HERE))
    if args.command == "report":
        report()
    else:
        for protocol in args.protocols:
            run(protocol, args)


if __name__ == "__main__":
    main()
