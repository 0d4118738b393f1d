"""Where does a search lose what it loses? Its re-ranking with the table's trainings in the place of its own.

    python benchmarks/ranking/simulated_search.py TABLE.csv.gz B size_proportional_both size_proportional_learning
    ... C size_proportional_flip size noise --weights 0 1 2

The pool are the cells of set B or C with the scores that ``run.py`` has stored for them, by seed; ``size`` and
``noise`` are scores, too. What is trained alone is chosen as in a search (``rerank.size_weight``, five rounds of eight,
five finalists); a training gives the table's accuracy after 12 epochs and normal noise (``--noise``: 0.035 leaves the
tau that our trainings of one epoch have among good cells). Printed is the true accuracy of the first of the finalists,
of the best that was trained, and the mean of all that were, over RUNS runs, with one standard error. Runs with one
supernet's scores are not independent, so it is that of the means by seed; ``noise`` is drawn anew for each run, and the
``size`` is the same in all, so theirs is over runs.

This looks at the table: it shapes settings, and is no result of a search.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RUNS, TOP, ROUNDS, FINALISTS = 20, 8, 5, 5
FINALIST_NOISE = 0.6  # of that of a training
TRIVIAL = ("size", "noise")  # scores of no supernet


class World:
    """The table and the pool's cells."""

    def __init__(self, table: Path, cells: str) -> None:
        from cells import SPACE, evaluation_cells

        from bnao.cost.feasible import FeasibleSpace
        from bnao.evaluation.tables import read_table

        self.table, self.name = read_table(table), cells
        self.pool = evaluation_cells(self.table, cells)
        self.grammar, self.feasible = SPACE.grammar, FeasibleSpace(SPACE.grammar)

    def truth(self, cell: Any) -> float:
        """Percent."""
        return 100 * float(self.table.test_accuracy_P[self.table.row(cell.id)])

    def trained(self, cell: Any, noise: float, rng: Any) -> float:
        """What a short training would give."""
        return float(self.table.short_valid_accuracy_P[self.table.row(cell.id)] + noise * rng.standard_normal())

    def seeds(self, score: str) -> list[int]:
        """Those of the stored rows of a configuration."""
        if score in TRIVIAL:
            return [0]
        return [seed for seed in range(10) if (HERE / "rows" / f"{score}-{seed}-{self.name}.json").exists()]

    def scores(self, score: str, seed: int) -> Any:
        """(P,) higher is better."""
        import numpy as np

        if score == "size":
            return self.pool.params_P.astype(float)
        if score == "noise":
            return np.random.default_rng(seed).standard_normal(len(self.pool))
        return -np.array(json.loads((HERE / "rows" / f"{score}-{seed}-{self.name}.json").read_text())["loss"])


def search(world: World, scores: Any, noise: float, run: int) -> tuple[float, float, float]:
    """The truth of the pick, of the best trained cell, and the mean of the trained."""
    import numpy as np

    from bnao.controller.next_to_train import next_to_train

    rng, cells = np.random.default_rng(1000 + run), world.pool.architectures
    chosen = [cells[k] for k in np.argsort(-scores, kind="stable")[:TOP]]
    found = [(cell, world.trained(cell, noise, rng)) for cell in chosen]
    for number in range(2, ROUNDS + 1):
        trained, figures = [cell for cell, _ in found], np.array([figure for _, figure in found])
        stream = np.random.default_rng([run, number])
        following = next_to_train(cells, scores, trained, figures, TOP, world.grammar, world.feasible, stream)
        found += [(cell, world.trained(cell, noise, rng)) for cell in following.architectures]
    finalists = [cell for cell, _ in sorted(found, key=lambda pair: -pair[1])[:FINALISTS]]
    pick = max(finalists, key=lambda cell: world.trained(cell, FINALIST_NOISE * noise, rng))
    truths = [world.truth(cell) for cell, _ in found]
    return world.truth(pick), max(truths), sum(truths) / len(truths)


def standard_error(values: Any, seeds: Sequence[int] | None) -> float:
    """Of the mean of ``values`` (by run): of independent runs (None), or of runs that share the scores of a seed.

    NaN for runs that share the scores of one seed: what another supernet would give is not in them.
    """
    import numpy as np

    values, of = np.asarray(values, dtype=float), np.asarray(range(len(values)) if seeds is None else seeds)
    means = np.array([values[of == seed].mean() for seed in np.unique(of)])
    return float(means.std(ddof=1) / len(means) ** 0.5) if len(means) > 1 else math.nan


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("cells", choices=("B", "C"))
    parser.add_argument("scores", nargs="+", metavar="CONFIGURATION")
    parser.add_argument("--weights", nargs="+", type=float, default=[0.0])
    parser.add_argument("--noise", nargs="+", type=float, default=[0.035, 0.02])
    args = parser.parse_args()
    sys.path.insert(0, str(HERE))
    import numpy as np

    from bnao.loop.by_size import raised_by_size

    world = World(args.table, args.cells)
    sizes = world.pool.params_P.astype(float)
    print("| score | size_weight | noise | the pick | best trained | mean of the trained |\n|---|---|---|---|---|---|")
    for name, weight, noise in itertools.product(args.scores, args.weights, args.noise):
        seeds = world.seeds(name)
        if not seeds:
            sys.exit(f"there is no row of {name} on set {args.cells}")
        of_run = list(range(RUNS)) if name == "noise" else [seeds[run % len(seeds)] for run in range(RUNS)]
        rows = [
            search(world, raised_by_size(world.scores(name, seed), sizes, weight), noise, run)
            for run, seed in enumerate(of_run)
        ]
        shared = None if name in TRIVIAL else of_run
        columns = np.array(rows).T
        cells = " | ".join(f"{np.mean(column):.2f} ± {standard_error(column, shared):.2f}" for column in columns)
        label = name if name in TRIVIAL else f"{name} ({len(seeds)} seeds)"
        print(f"| {label} | {weight:g} | {noise:g} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
