"""How long does it take to count 1000 architectures, once the pieces are counted? The goal is under 50 ms.

    python benchmarks/sizes.py

Prints the median and the range over 20 calls, for both operation sets, the paper's search network (N=3, C=20).
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from bnao.cost.sizes import SizeTable
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.task import Task


def main() -> None:
    """Measure and print."""
    task = Task(in_channels=3, image_size=(32, 32), num_classes=10)
    print(f"{'operations':>10} {'warm-up, s':>10} {'1000 sizes, ms: median':>23} {'low':>6} {'high':>6}")
    for operations in ("small", "middle"):
        space = NaoCellSpace(SpaceConfig(operations=operations))
        start = time.perf_counter()
        table = SizeTable(space.skeleton(NetworkConfig(), task))
        warm = time.perf_counter() - start
        pool = space.grammar.sample(1000, np.random.default_rng(0))
        times = []
        for _ in range(20):
            start = time.perf_counter()
            table.num_params(pool)
            times.append(1e3 * (time.perf_counter() - start))
        print(f"{operations:>10} {warm:>10.2f} {statistics.median(times):>23.2f} {min(times):>6.2f} {max(times):>6.2f}")


if __name__ == "__main__":
    main()
