"""How often the early check warns, by the true tau of the ranking: normal variables, no run is needed (a minute).

Sizes are unrelated to both; accuracies are rounded to a thousandth, so that some are tied. Prints the share of draws
whose verdict is "worthless" (a warning), and half the width of tau's 95 % interval (median).
"""

from __future__ import annotations

import sys

import numpy as np

from bnao.ranking import report
from bnao.rng import generator

DRAWS = 500


def main(networks: int) -> None:
    print("tau   warned  interval")
    for tau in (-0.3, 0.0, 0.2, 0.4, 0.6):
        rng = generator(0, "early check", str(tau))
        correlation = np.sin(np.pi * tau / 2)  # of normal variables with this tau
        warned, widths = 0, []
        for _ in range(DRAWS):
            quality, noise = rng.standard_normal((2, networks))
            truth = np.round(0.7 + 0.02 * quality, 3)
            score = correlation * quality + np.sqrt(1 - correlation**2) * noise
            found = report(score, truth, rng.integers(100, 200, networks), resamples=300)
            warned += found.verdict.kind == "worthless"
            estimate = found.score.overall.kendall
            if estimate.low is not None and estimate.high is not None:
                widths.append((estimate.high - estimate.low) / 2)
        print(f"{tau:+.1f}  {100 * warned / DRAWS:4.0f} %  ±{np.median(widths):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
