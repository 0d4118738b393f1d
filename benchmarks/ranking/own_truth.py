"""The same question where no table answers it: the paper's NAO cells and mobile chains, against trainings of our own.

    python benchmarks/ranking/own_truth.py --images CIFAR --work FOLDER run nao      # or mobile; resumable
    python benchmarks/ranking/own_truth.py --images CIFAR --work FOLDER report

50 random architectures are trained alone for 1000 steps at C = 8, N = 1 on CIFAR-10 at 16 x 16 pixels (NAO cells in
both forms of output) and measured on the 10,000 test images, which no score uses. Supernets of each configuration,
three seeds of 4000 steps, score them with the shared weights. Rows are in rows-own/, the table in own_results.json; two
one-thread runs go side by side. ``report`` takes the architectures that are trained so far, and says how many.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROWS = HERE / "rows-own"
RESULTS = HERE / "own_results.json"
ARCHITECTURES, SEEDS, TRUTH_STEPS, SUPERNET_STEPS = 50, 3, 1000, 4000
OUTPUTS = {"nao": ("concat", "project"), "mobile": ("project",)}
FEWEST = 10  # architectures that a table needs
NAMES = ("uniform", "size_proportional", "whole_size", "size_squared")


def configuration(space: str, name: str) -> Any:
    """The study's configuration of this name, in this space."""
    from configurations import CONFIGURATIONS

    from bnao.recipes import load_recipe
    from bnao.spaces.config import NetworkConfig, SpaceConfig

    where = SpaceConfig() if space == "nao" else load_recipe("mobile-demo").space
    network = NetworkConfig(channels=8, output="project")
    if space == "nao":
        network = replace(network, cells_per_stage=1)
    return replace(CONFIGURATIONS[name], space=where, network=network, steps=SUPERNET_STEPS)


def chosen(space: str) -> list[Any]:
    """The architectures that are ranked; none is in the pool that supernets train on."""
    import one_run

    from bnao.rng import generator
    from bnao.spaces.base import make_space

    made = make_space(configuration(space, "uniform").space)
    pool = {a.id for a in one_run.pool_of(made)}
    return made.grammar.sample_distinct(ARCHITECTURES, generator(0, "ranking", "own"), exclude=pool)


def truth(space: str, output: str, number: int, args: argparse.Namespace) -> dict[str, Any]:
    """Train one architecture alone; its accuracy on the test images."""
    from bnao.data.config import DataConfig
    from bnao.data.held_out import load
    from bnao.evaluation.measure import measure
    from bnao.evaluation.views import eval_view
    from bnao.spaces.base import make_space
    from bnao.training.standalone import train_standalone

    config = replace(configuration(space, "uniform"), steps=TRUTH_STEPS)
    settings = DataConfig(source=args.images, resolution=config.resolution, valid_fraction=config.valid_fraction)
    data, held_out = load(settings, 0)
    architecture = chosen(space)[number]
    skeleton = make_space(config.space).skeleton(replace(config.network, output=output), data.task)
    training, begun = config.train_settings(len(data.train)), time.process_time()
    network = train_standalone(skeleton, architecture, data.train, training, seed=number, stage="own-truth")
    accuracy = measure(eval_view(network.module), held_out.open().images).metric
    return {
        "architecture": str(architecture),
        "test_accuracy": accuracy,
        "minutes": (time.process_time() - begun) / 60,
    }


def supernet(space: str, name: str, seed: int, args: argparse.Namespace) -> dict[str, Any]:
    """Train one supernet and score the architectures."""
    import one_run

    config = configuration(space, name)
    folder = args.work / f"{space}-{name}-{seed}"
    made = one_run.trained(config, seed, args.images, folder)
    return {"train_minutes": made.train_minutes, **one_run.scores(config, made, chosen(space), folder, "own")}


def jobs(space: str) -> list[tuple[str, ...]]:
    """All rows of a space, as the words of ``one``; those that any comparison needs come first."""
    alone = [("truth", space, output, str(k)) for k in range(ARCHITECTURES) for output in OUTPUTS[space]]
    shared = [("supernet", space, name, str(seed)) for name in NAMES for seed in range(SEEDS)]
    needed = 2 * SEEDS  # of the first two configurations
    return shared[:needed] + alone + shared[needed:]


def path(job: tuple[str, ...]) -> Path:
    """Where a finished row is kept."""
    return ROWS / f"{'-'.join(job)}.json"


def run(space: str, args: argparse.Namespace) -> None:
    """Make the rows that are missing."""
    ROWS.mkdir(exist_ok=True)
    missing = [job for job in jobs(space) if not path(job).exists()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--images", args.images, "--work", str(args.work), "one"]
    with ThreadPoolExecutor(args.jobs) as workers:
        started = [workers.submit(subprocess.run, [*command, *job], env=environment, check=True) for job in missing]
        for count, done in enumerate(as_completed(started), 1):
            done.result()
            print(f"{count} of {len(missing)}", file=sys.stderr, flush=True)


def report() -> None:
    """Figures of each configuration on the architectures trained so far: mean over seeds, and paired differences."""
    import numpy as np
    from run import commit

    from bnao.cost.sizes import SizeTable
    from bnao.ranking import report as ranking_report
    from bnao.spaces.base import make_space
    from bnao.task import Task

    found: dict[str, Any] = {"commit": commit()}
    cifar = Task(in_channels=3, image_size=(16, 16), num_classes=10)
    for space, outputs in OUTPUTS.items():
        architectures = chosen(space)
        for output in outputs:
            rows = {k: path(("truth", space, output, str(k))) for k in range(ARCHITECTURES)}
            done = [k for k, row in rows.items() if row.exists()]
            if len(done) < FEWEST:
                continue
            truth_P = np.array([json.loads(rows[k].read_text())["test_accuracy"] for k in done])
            config = configuration(space, "uniform")
            skeleton = make_space(config.space).skeleton(replace(config.network, output=output), cifar)
            sizes_P = SizeTable(skeleton).num_params([architectures[k] for k in done])
            figures: dict[str, dict[int, Any]] = {}
            for name in NAMES:
                for seed in range(SEEDS):
                    row = path(("supernet", space, name, str(seed)))
                    if row.exists():
                        loss_P = np.array(json.loads(row.read_text())["loss"])[done]
                        figures.setdefault(name, {})[seed] = asdict(ranking_report(-loss_P, truth_P, sizes_P))
            alone = asdict(ranking_report(sizes_P.astype(float), truth_P, sizes_P))
            found[f"{space} {output}"] = {"architectures": len(done), "size_alone": alone, **figures}
            print(f"\n{space}, output {output}, {len(done)} architectures; parameters alone: tau {_tau(alone):.3f}")
            _print(figures)
    RESULTS.write_text(json.dumps(found) + "\n")


def _tau(figures: dict[str, Any], part: str = "overall") -> float:
    value = figures["score"][part]["kendall"]["value"]
    return float("nan") if value is None else float(value)


def _print(figures: dict[str, dict[int, dict[str, Any]]]) -> None:
    """A row a configuration; the differences to uniform are paired by seed, their interval is over seeds (t)."""
    import numpy as np

    first = figures.get("uniform", {})
    for name, seeds in figures.items():
        overall, within = ([_tau(each, part) for each in seeds.values()] for part in ("overall", "within_size"))
        partial = [each["partial_size_correlation"]["value"] for each in seeds.values()]
        each_seed = ", ".join(f"{tau:.3f}" for tau in overall)
        line = (
            f"  {name:20} tau {np.mean(overall):.3f} (seeds {each_seed}), within equal "
            f"size {np.mean(within):.3f}, score and size given the truth {np.mean(partial):+.2f}"
        )
        both = sorted(seeds.keys() & first.keys())
        if name != "uniform" and len(both) > 1:
            line += "; over uniform " + _paired(*([_tau(found[seed]) for seed in both] for found in (seeds, first)))
        print(line)


def _paired(ours: list[float], theirs: list[float]) -> str:
    import numpy as np
    from scipy import stats

    gain = np.subtract(ours, theirs)
    half = stats.t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / len(gain) ** 0.5
    return f"{gain.mean():+.3f} ({gain.mean() - half:+.3f} to {gain.mean() + half:+.3f})"


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, help="CIFAR-10, a bnao data source")
    parser.add_argument("--work", type=Path, default=Path("ranking-work"), help="folder for checkpoints")
    parser.add_argument("--jobs", type=int, default=2)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run").add_argument("space", choices=tuple(OUTPUTS))
    commands.add_parser("report")
    commands.add_parser("one").add_argument("job", nargs=4)
    args = parser.parse_args()
    sys.path.insert(0, str(HERE))
    if args.command == "run":
        run(args.space, args)
    elif args.command == "report":
        report()
    else:
        import torch

        torch.set_num_threads(1)
        kind, space, word, number = args.job
        row = {"truth": truth, "supernet": supernet}[kind](space, word, int(number), args)
        path(tuple(args.job)).write_text(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
