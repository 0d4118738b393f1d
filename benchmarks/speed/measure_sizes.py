"""Parameters of 1000 architectures in one call, once the pieces are counted (goal: under 50 ms in every space)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networks
from scale import Scale
from timing import clock, seconds, summary

from bnao.cost.sizes import SizeTable


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each space, and one for the NAO cells with the middle operations."""
    quick = scale.quick
    cases = dict(networks.QUICK_CASES if quick else networks.CASES)
    if not quick:
        cases["nao_cell_middle"] = lambda: networks.nao_cell(operations="middle")
    for name, make in cases.items():
        case = make()
        start = clock()
        table = SizeTable(case.skeleton)
        counting = clock() - start
        pool = case.space.grammar.sample(1000, networks.generator(0, "speed", "sizes"))
        table.num_params(pool)
        times = [
            1e3 * seconds(lambda table=table, pool=pool: table.num_params(pool)) for _ in range(5 if quick else 20)
        ]
        yield name, {"what": case.words, "ms": summary(times), "pieces_counted_once_s": round(counting, 3)}
