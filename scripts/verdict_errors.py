"""How often is a verdict of `bnao rank` from few architectures wrong? Measured on a made-up table of accuracies.

    OMP_NUM_THREADS=1 python scripts/verdict_errors.py [sample]        # 40 architectures; about 3 minutes on one core

The table has 3000 architectures whose accuracies are skewed as those of cell spaces are: dense at the top, with a long
tail. Half of the quality goes with the size. A score is the quality with normal noise; `correlation` is that of the two
before accuracies are made of the quality. Printed for each: the whole table's verdict, the share of samples whose first
by score is within half a point of their best, and the share of samples that got each verdict.
"""

from __future__ import annotations

import sys

import numpy as np

from bnao.ranking import verdict_error_rates
from bnao.rng import generator

NUM, DRAWS, RESAMPLES, TOLERANCE = 3000, 200, 300, 0.005


def main(sample: int = 40) -> None:
    """Print the rates."""
    rng = generator(0, "verdict-errors")
    size_P, own_P, noise_P = rng.standard_normal((3, NUM))
    quality_P = 0.5 * size_P + np.sqrt(0.75) * own_P
    truth_P = 0.944 - 0.02 * np.log1p(np.exp(0.3 - 1.2 * quality_P)) + 0.0015 * noise_P
    scores = {
        f"{r:g}": r * quality_P + np.sqrt(1 - r * r) * rng.standard_normal(NUM) for r in (0.0, 0.3, 0.6, 0.8, 0.9, 0.98)
    }
    found = verdict_error_rates(
        scores, truth_P, np.exp(13 + 0.5 * size_P), sample=sample, draws=DRAWS, resamples=RESAMPLES
    )
    print(f"{sample} architectures in each of {DRAWS} samples")
    for name, rates in found.items():
        who_DQ = np.stack([rng.choice(NUM, sample, replace=False) for _ in range(5000)])
        picked_D = np.take_along_axis(truth_P[who_DQ], scores[name][who_DQ].argmax(axis=1)[:, None], axis=1)[:, 0]
        good = float((picked_D >= truth_P[who_DQ].max(axis=1) - TOLERANCE).mean())
        shares = ", ".join(f"{kind} {100 * n / DRAWS:.0f} %" for kind, n in rates.counts.items() if n)
        print(f"correlation {name}: {rates.whole.headline}; the first is good in {100 * good:.0f} %; {shares}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
