"""Rows to results.json: figures by configuration, trivial rankings, paired differences.

{"nasbench201_cifar10": {CONFIGURATION: {FIGURE: {"mean", "low", "high", "seeds": [...]}}}, "differences": ...} are of
set B; {"set_C": {"figures", "differences"}} are of the configurations of the second round.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from cells import Cells, evaluation_cells
from configurations import CONFIGURATIONS
from figures import Interval, Judge, counts_alone, fused
from run import ROWS, commit

from bnao.evaluation.tables import read_table

RESULTS = Path(__file__).resolve().parent / "results.json"
FIGURES = ("tau", "tau_within_size")


def read(cells: str) -> dict[str, list[dict[str, Any]]]:
    """The rows on one set by configuration, in the order of the seeds."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(ROWS.glob(f"*-{cells}.json")):
        row = json.loads(path.read_text())
        found.setdefault(row["configuration"], []).append(row)
    return {name: sorted(rows, key=lambda row: row["seed"]) for name, rows in found.items()}


def ranking(row: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The one-shot score, higher is better: the negated validation loss."""
    return -np.array(row["loss"])


def write_results(table: Path) -> None:
    """Compute, write, print: sets B and C, each opened for its own configurations."""
    rows = read_table(table)
    made = {name: read(name) for name in "ABC"}
    reported = {name: on_set(evaluation_cells(rows, name), made[name]) for name in "BC"}
    of_b, of_c = ({part: {n: plain(f) for n, f in found.items()} for part, found in reported[s].items()} for s in "BC")
    RESULTS.write_text(
        json.dumps(
            {
                "nasbench201_cifar10": of_b["figures"],
                "differences": of_b["differences"],
                "set_C": of_c,
                "screening_on_set_A": screening(made["A"], Judge(evaluation_cells(rows, "A"))),
                "about": {name: CONFIGURATIONS[name].about for name in made["A"]},
                "commit": commit(),
                "rows": made,
            }
        )
        + "\n"
    )
    for name, found in reported.items():
        print(f"---- set {name} ----")
        show(found["figures"], found["differences"])


def on_set(cells: Cells, rows: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, dict[str, Interval]]]:
    """Figures of each configuration and of the trivial rankings, and paired differences, on one set."""
    judge = Judge(cells)
    by_seed = {name: {row["seed"]: ranking(row) for row in found} for name, found in rows.items()}
    trivial = {
        "size_alone": cells.params_P.astype(float),
        "live_size_alone": cells.live_params_P.astype(float),
        "op_counts_fit": counts_alone(cells),
    }
    figures = {name: judge.intervals(list(found.values())) for name, found in by_seed.items()}
    for name, found in rows.items():
        figures[name]["train_minutes"] = plain_interval([row["train_minutes"] for row in found])
    figures |= {name: judge.intervals([scores_P]) for name, scores_P in trivial.items()}
    return {"figures": figures, "differences": compare(judge, by_seed, trivial, cells)}


def plain(found: dict[str, Interval]) -> dict[str, Any]:
    """For JSON: a figure that a ranking has not (its own size given the size) is null."""
    return {figure: asdict(value) if math.isfinite(value.mean) else None for figure, value in found.items()}


def plain_interval(values: list[float]) -> Interval:
    """Mean and range of the seeds."""
    return Interval(float(np.mean(values)), min(values), max(values), values)


def compare(
    judge: Judge,
    by_seed: dict[str, dict[int, Any]],
    trivial: dict[str, Any],
    cells: Cells,
) -> dict[str, dict[str, Interval]]:
    """Each configuration against what it is compared with and the trivial rankings; counts with the score against
    counts alone.
    """
    found = {}
    for name, mine in by_seed.items():
        against = CONFIGURATIONS[name].against
        theirs = by_seed.get(against, {})
        ours, seeds = list(mine.values()), sorted(mine.keys() & theirs.keys())
        if name != against and seeds:
            pair = [mine[seed] for seed in seeds], [theirs[seed] for seed in seeds]
            found[f"{name} - {against}"] = {f: judge.difference(*pair, f) for f in FIGURES}
        for other, scores_P in trivial.items():
            found[f"{name} - {other}"] = {f: judge.difference(ours, [scores_P] * len(ours), f) for f in FIGURES}
        with_counts = [fused(scores_P, cells) for scores_P in ours]
        alone = [trivial["op_counts_fit"]] * len(with_counts)
        found[f"{name} with counts - counts"] = {f: judge.difference(with_counts, alone, f) for f in FIGURES}
    return found


def screening(on_a: dict[str, list[dict[str, Any]]], judge: Judge) -> dict[str, dict[str, float]]:
    """Figures on set A, by which configurations were chosen: the mean over the seeds that were run."""
    return {
        name: {figure: found.mean for figure, found in judge.intervals([ranking(row) for row in rows]).items()}
        | {"train_minutes": float(np.mean([row["train_minutes"] for row in rows])), "seeds": len(rows)}
        for name, rows in on_a.items()
    }


def show(figures: dict[str, dict[str, Interval]], differences: dict[str, dict[str, Interval]]) -> None:
    """Print both tables."""
    names = list(next(iter(figures.values())))
    for name, found in figures.items():
        print(name)
        for figure in names:
            if figure in found:
                print(f"    {figure:<26}{text(found[figure])}")
    for name, found in differences.items():
        print(f"{name:<50}" + "   ".join(f"{figure} {text(value)}" for figure, value in found.items()))


def text(value: Interval) -> str:
    """Mean and interval."""
    return f"{value.mean:7.3f} [{value.low:.3f}, {value.high:.3f}]"
