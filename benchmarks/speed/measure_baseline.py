"""The product's supernet step against the plain one of :mod:`baseline` (goal: 3 times faster at equal threads)."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from typing import Any

import networks
import torch
from baseline import Node, PlainSupernet, PlainTraining
from scale import Scale
from timing import ON_CPU, by_turns, summary

from bnao.arch import Architecture
from bnao.spaces.nao_cell.grammar import NaoCellGrammar
from bnao.training.device import threads

PROGRESS = 0.5  # of the training: drop-paths are half as strong as at its end
EXPECTED = (3.5, 5.3)  # seconds a step of the plain one with one thread of a machine of 2 AVX2 cores: 4.4 +- 20 %


def nodes_of(grammar: NaoCellGrammar, architecture: Architecture) -> tuple[list[Node], list[Node]]:
    """The normal and the reduction cell as the plain supernet reads them."""
    normal, reduction = grammar.nodes_of(architecture.tokens)
    return list(normal), list(reduction)


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each number of threads: 1, and all cores."""
    quick = scale.quick
    case = networks.nao_cell(1, 8, 16, 16) if quick else networks.nao_cell()
    sizes = {"cells_per_stage": 1, "channels": 8} if quick else {"cells_per_stage": 3, "channels": 20}
    number, rounds = scale.number(8, 1), 1 if quick else 2
    torch.manual_seed(0)
    plain = PlainTraining(PlainSupernet(**sizes, classes=networks.CLASSES, nodes=5, drop_path_keep=0.9))
    ours = networks.Stepper(networks.supernet(case), case.images(4 * case.batch), case.batch)
    x, labels = ours.images.batch(slice(0, case.batch))
    x = x.contiguous()
    for count in dict.fromkeys((1, 1 if ON_CPU else os.cpu_count() or 1)):
        rows = []
        for architecture in case.draw(number):
            normal, reduction = nodes_of(case.space.grammar, architecture)  # type: ignore[arg-type]

            def step(normal: list[Node] = normal, reduction: list[Node] = reduction) -> None:
                plain.step(x, labels, normal, reduction, PROGRESS)

            with threads(count):
                times = by_turns({"plain": step, "ours": lambda a=architecture: ours(a)}, rounds, warm_up=1)
            each = {name: statistics.median(values) for name, values in times.items()}
            rows.append(
                {
                    "architecture": str(architecture),
                    "plain_s": round(each["plain"], 4),
                    "ours_s": round(each["ours"], 4),
                    "ratio": round(each["plain"] / each["ours"], 3),
                }
            )
        yield (
            f"{count}_thread" + "s" * (count > 1),
            {
                "what": case.words,
                "threads": count,
                "parameters_stepped": len(plain.parameters),
                "plain_s": summary(plain_s := [row["plain_s"] for row in rows]),
                "plain_is_as_expected": EXPECTED[0] <= statistics.median(plain_s) <= EXPECTED[1],
                "ours_s": summary([row["ours_s"] for row in rows]),
                "ratio": summary([row["ratio"] for row in rows]),
                "rows": rows,
            },
        )
