"""How often is the verdict of a small sample not that of the whole table? Resampled from NAS-Bench-201.

    python benchmarks/ranking/verdicts.py TABLE.csv.gz [--sample 40] [--draws 100]

Rankings: validation after 12 epochs, validation of one seed after 200, the one-shot scores of set A that rows/ holds.
Truth is the test accuracy; sizes are those of the benchmark's network. Written to verdicts-SAMPLE.json and printed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from cells import evaluation_cells
from results import ranking, read

from bnao.evaluation.tables import read_table
from bnao.ranking import verdict_error_rates

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--draws", type=int, default=100)
    args = parser.parse_args()
    table = read_table(args.table)
    cells = evaluation_cells(table, "A")
    rows = [table.row(cell.id) for cell in cells.architectures]
    scores = {
        "12-epoch validation": table.short_valid_accuracy_P[rows],
        "200-epoch validation, seed 0": table.valid_accuracy_PS[rows, 0],
        **{f"one-shot, {name}": ranking(found[0]) for name, found in read("A").items()},
        "pure noise": np.random.default_rng(0).standard_normal(len(cells)),
    }
    found = verdict_error_rates(
        scores,
        cells.truth_P,
        cells.params_P,
        sample=args.sample,
        draws=args.draws,
        live_sizes=cells.live_params_P,
        op_counts=cells.counts_PO,
        resamples=300,
    )
    plain: dict[str, Any] = {}
    for name, rates in found.items():
        plain[name] = {"whole": rates.whole.kind, "counts": rates.counts}
        shares = ", ".join(f"{kind} {100 * n / args.draws:.0f} %" for kind, n in rates.counts.items() if n)
        print(f"{name}: whole set: {rates.whole.headline}; samples: {shares}")
    (HERE / f"verdicts-{args.sample}.json").write_text(json.dumps(plain, indent=1) + "\n")


if __name__ == "__main__":
    main()
