"""How often does the interval of tau hold the true one, overall and within equal size? Samples of NAS-Bench-201.

    python benchmarks/ranking/coverage.py TABLE.csv.gz
    python benchmarks/ranking/coverage.py TABLE.csv.gz --architectures 20 40 100 --trials 100

The true tau is that of all distinct cells with their test accuracies, within equal size of all pairs that keep the rule
of the sample (exactly equal, or within a tolerance); samples of each size are drawn from them without replacement and
reported as ``bnao rank`` does, at 95 %. ``no figure``: samples of which none is given, and which count in no other
column. ``perfect``: samples without a pair out of order. ``3.92 sd``: of tau over the samples, as wide as an interval
should be where tau is normal. Fixed seeds.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TRIALS, ARCHITECTURES, RESAMPLES = 200, (5, 8, 10, 20, 40, 100), 1000
COLUMNS = ("no figure", "holds the true tau", "true one below", "above", "perfect", "mean width", "3.92 sd")


@dataclass
class Held:
    """Intervals against the true tau of each."""

    missing: int = 0
    below: int = 0
    above: int = 0
    perfect: int = 0
    widths: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, found: Any, true: float) -> None:
        """Count an estimate."""
        if found.low is None or found.high is None or found.value is None:
            self.missing += 1
            return
        self.below, self.above = self.below + (true < found.low), self.above + (true > found.high)
        self.perfect += math.isclose(found.value, 1)
        self.widths.append(found.high - found.low)
        self.values.append(found.value)

    def cells(self) -> list[str]:
        """Those of :data:`COLUMNS`; dashes where no sample gave a figure."""
        told = len(self.widths)
        if told == 0:
            return [str(self.missing), *["-"] * (len(COLUMNS) - 1)]
        counts = (told - self.below - self.above, self.below, self.above, self.perfect)
        shares = [f"{100 * count / told:.1f} %" for count in counts]
        return [
            str(self.missing),
            *shares,
            f"{sum(self.widths) / told:.2f}",
            f"{3.92 * statistics.pstdev(self.values):.2f}",
        ]


def rankings(path: Path) -> tuple[dict[str, Any], Any, Any]:
    """Scores of the distinct cells by name, their true accuracies and their numbers of parameters."""
    import numpy as np

    from bnao.evaluation.tables import read_table

    table = read_table(path)
    first = np.sort(np.unique(table.ids, return_index=True)[1])  # of isomorphic cells
    sizes = table.num_params_P[first].astype(float)
    scores = {
        "one seed, 200 epochs": table.valid_accuracy_PS[first, 0],
        "12 epochs": table.short_valid_accuracy_P[first],
        "parameters": sizes,
        "noise": np.random.default_rng(0).standard_normal(len(first)),
    }
    return scores, table.test_accuracy_P[first], sizes


def true_taus(scores: Any, truth: Any, sizes: Any) -> dict[str, float]:
    """Tau of all pairs, and of those that keep each rule of equal size, by its name."""
    import numpy as np

    from bnao.ranking.pair_sums import Near, pair_sums
    from bnao.ranking.scopes import TOLERANCE

    rules: Mapping[str, Any] = {
        "all": None,
        "equal": Near(sizes, 0.0),
        "within_tolerance": Near(sizes, TOLERANCE),
    }
    ones = np.ones((len(scores), 1), dtype=np.float32)
    return {name: float(pair_sums(scores, truth, ones, near, ranks=False).kendall()[0]) for name, near in rules.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--architectures", type=int, nargs="+", default=ARCHITECTURES, help="sizes of the samples")
    parser.add_argument("--trials", type=int, default=TRIALS, help="samples of each size")
    options = parser.parse_args()
    import numpy as np

    from bnao.ranking import report
    from bnao.rng import generator

    print(f"| ranking | pairs | architectures | {' | '.join(COLUMNS)} |")
    print("|---" * (3 + len(COLUMNS)) + "|")
    scores, truth, sizes = rankings(options.table)
    for name, all_scores in scores.items():
        known = np.flatnonzero(np.isfinite(all_scores))
        true = true_taus(all_scores[known], truth[known], sizes[known])
        for num in options.architectures:
            overall, within = Held(), Held()
            for trial in range(options.trials):
                drawn = generator(trial, "coverage", name, num).choice(known, num, replace=False)
                found = report(all_scores[drawn], truth[drawn], sizes[drawn], resamples=RESAMPLES, seed=trial)
                overall.add(found.score.overall.kendall, true["all"])
                within.add(found.score.within_size.kendall, true[found.size_rule.kind])
            for pairs, held in ((f"all ({true['all']:.3f})", overall), (f"equal size ({true['equal']:.3f})", within)):
                print(f"| {name} | {pairs} | {num} | {' | '.join(held.cells())} |", flush=True)


if __name__ == "__main__":
    main()
