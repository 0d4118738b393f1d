"""How often does the interval of tau hold the true one? Samples of NAS-Bench-201.

    python benchmarks/ranking/coverage.py TABLE.csv.gz

The true tau is that of all distinct cells with their test accuracies; samples of each size are drawn from them without
replacement and reported as ``bnao rank`` does, at 95 %. ``perfect``: samples without a pair out of order. Fixed seeds.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

TRIALS, SIZES, RESAMPLES = 200, (5, 8, 10, 20, 40, 100), 1000


def rankings(path: Path) -> tuple[dict[str, Any], Any]:
    """Scores of the distinct cells by name, and their true accuracies."""
    import numpy as np

    from bnao.evaluation.tables import read_table

    table = read_table(path)
    first = np.sort(np.unique(table.ids, return_index=True)[1])  # of isomorphic cells
    scores = {
        "one seed, 200 epochs": table.valid_accuracy_PS[first, 0],
        "12 epochs": table.short_valid_accuracy_P[first],
        "parameters": table.num_params_P[first].astype(float),
        "noise": np.random.default_rng(0).standard_normal(len(first)),
    }
    return scores, table.test_accuracy_P[first]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    import numpy as np
    from scipy.stats import kendalltau

    from bnao.ranking import report
    from bnao.rng import generator

    print("| ranking | architectures | holds the true tau | true one below | above | perfect | mean width |")
    print("|---|---|---|---|---|---|---|")
    scores, truth = rankings(parser.parse_args().table)
    for name, all_scores in scores.items():
        known = np.flatnonzero(np.isfinite(all_scores))
        true = kendalltau(all_scores[known], truth[known])[0]
        for size in SIZES:
            below = above = perfect = 0
            widths = []
            for trial in range(TRIALS):
                drawn = generator(trial, "coverage", name, size).choice(known, size, replace=False)
                found = report(
                    all_scores[drawn], truth[drawn], np.ones(size), resamples=RESAMPLES, seed=trial
                ).score.overall.kendall
                if found.low is None or found.high is None or found.value is None:
                    continue
                below, above = below + (true < found.low), above + (true > found.high)
                perfect += math.isclose(found.value, 1)
                widths.append(found.high - found.low)
            told = len(widths)
            figures = [f"{100 * count / told:.1f} %" for count in (told - below - above, below, above, perfect)]
            print(f"| {name} ({true:.3f}) | {size} | {' | '.join(figures)} | {np.mean(widths):.2f} |", flush=True)


if __name__ == "__main__":
    main()
