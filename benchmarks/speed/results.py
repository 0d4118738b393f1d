"""results.json: figures by measurement and part, merged as they come; what is drawn from them; the table.

Top level: a number for each headline whose parts are all there, ``goals`` (the bound of each, in words), ``details``:
measurement -> part -> figures, with what each was measured on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Parts = Mapping[str, Mapping[str, Any]]
Details = dict[str, dict[str, dict[str, Any]]]
SPACES = ("nao_cell", "nasbench201", "mobile", "own")
GROWTH = ("channels", "cells_per_stage", "batch", "candidates_per_choice", "pool_scored", "pool_counted",
          "tokens_fitted", "tokens_proposed")  # fmt: skip


@dataclass(frozen=True)
class Headline:
    """One number: what it is, from which parts of which measurement, and what it should be."""

    measurement: str
    parts: tuple[str, ...]
    of: Callable[[Parts], float]
    words: str
    low: float | None = None
    high: float | None = None

    @property
    def goal(self) -> str:
        """In words."""
        return f"at most {self.high:g}" if self.high is not None else f"at least {self.low:g}"

    def met(self, value: float) -> bool:
        """Whether the goal is kept."""
        return (self.high is None or value <= self.high) and (self.low is None or value >= self.low)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


HEADLINES = {
    "supernet_over_standalone_step": Headline(
        "steps", SPACES, lambda p: max(p[s]["ratio"]["median"] for s in SPACES),
        "1 supernet step / stand-alone step, worst space's median", high=1.03,
    ),
    "supernet_memory_unexplained_share": Headline(
        "memory", SPACES,
        lambda p: max(p[s]["unexplained"] / p[s]["process"]["alone"]["peak_over_built"] for s in SPACES),
        "2 memory beyond weights and optimiser state, of the stand-alone peak, worst space", high=0.03,
    ),
    "supernet_memory_tensors_more": Headline(
        "memory", SPACES, lambda p: max(p[s]["largest_difference_of_saved_or_gradients"] for s in SPACES),
        "2 saved tensors or gradients more than stand-alone, bytes, worst space", high=0,
    ),
    "baseline_over_supernet_step": Headline(
        "baseline", ("1_thread",), lambda p: min(each["ratio"]["median"] for each in p.values()),
        "3 plain step / supernet step at equal threads, the worst of 1, all cores, and two processes", low=3,
    ),
    "one_by_one_over_pool_scoring_chain": Headline(
        "scoring", ("recipe_nao",), lambda p: p["recipe_nao"]["ratio"],
        "4 scoring one by one / in one call, a controller's pool of chains (mobile-demo)", low=3,
    ),
    "one_by_one_over_pool_scoring_large_chain": Headline(
        "scoring", ("default_nao",), lambda p: p["default_nao"]["ratio"],
        "4 the same in mobile's larger default space", low=3,
    ),
    "paper_schedule_over_controller_fit": Headline(
        "controller", ("seed_0", "seed_1", "seed_2"),
        lambda p: _middle([each["schedule_over_fit"] for each in p.values()]),
        "5 paper's schedule / controller's fit, middle of 3 seeds", low=8,
    ),
    "controller_accuracy_over_paper": Headline(
        "controller", ("seed_0", "seed_1", "seed_2"),
        lambda p: _middle([each["accuracy"] - each["paper_best_accuracy"] for each in p.values()]),
        "5 held-out accuracy of the fit, less the best of the paper's first 40 epochs", low=0,
    ),
    "paper_over_controller_to_accuracy": Headline(
        "controller", ("seed_0", "seed_1", "seed_2"),
        lambda p: _middle([each["to_the_accuracy"] for each in p.values()]),
        "5 the same, as if both knew when they are as accurate as the fit ends", low=8,
    ),
    "thousand_sizes_ms": Headline(
        "sizes", SPACES, lambda p: max(each["ms"]["median"] for each in p.values()),
        "6 sizes of 1000 architectures, ms, slowest space", high=50,
    ),
    "cli_help_s": Headline(
        "cli", ("help",), lambda p: p["help"]["s"]["median"], "6 bnao --help, s", high=0.3,
    ),
    "cli_wrong_flag_s": Headline(
        "cli", ("wrong_flag",), lambda p: p["wrong_flag"]["s"]["median"], "6 a wrong flag, s", high=0.3,
    ),
    "data_share_of_cifar_step": Headline(
        "data", ("cifar",), lambda p: p["cifar"]["share_if_each_step_decoded"],
        "7 decoding and augmentation, share of a CIFAR step", high=0.05,
    ),
    "wait_share_large_folder": Headline(
        "data", ("folder",), lambda p: p["folder"]["wait_share_of_step"],
        "7 wait for data, share of a step, folder of large pictures", high=1,
    ),
    "wait_share_large_dataset": Headline(
        "data", ("dataset",), lambda p: p["dataset"]["wait_share_of_step"],
        "7 the same where a Dataset decodes in each fetch", high=1,
    ),
    "candidates_exponent": Headline(
        "growth", ("candidates_per_choice",), lambda p: p["candidates_per_choice"]["exponent"],
        "8 growth of a step with candidates per choice (0 is flat)", high=0.05,
    ),
}  # fmt: skip


def headlines(details: Details) -> dict[str, float]:
    """The numbers whose parts are there."""
    found = {}
    for key, headline in HEADLINES.items():
        parts = details.get(headline.measurement, {})
        if all(part in parts for part in headline.parts):
            found[key] = float(f"{headline.of(parts):.4g}")
    return found


def read(path: Path) -> Details:
    """The details that are kept."""
    kept: Details = json.loads(path.read_text(encoding="utf-8"))["details"] if path.exists() else {}
    return kept


def merge(path: Path, measurement: str, part: str, figures: dict[str, Any]) -> Details:
    """Add or replace one part; the file is whole at any time. Returns all details."""
    details = read(path)
    details.setdefault(measurement, {})[part] = figures
    goals = {key: f"{headline.words}: {headline.goal}" for key, headline in HEADLINES.items()}
    text = json.dumps({**headlines(details), "goals": goals, "details": details}, indent=1)
    partial = path.with_suffix(".partial")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)
    return details


def table(details: Details) -> str:
    """Headlines with their goals, then how cost grows."""
    found = headlines(details)
    lines = [f"{'measured':<92} {'is':>9}  goal"] if found else []
    for key, value in found.items():
        headline = HEADLINES[key]
        note = "" if headline.met(value) else "   MISSED"
        lines.append(f"{headline.words:<92} {value:>9.4g}  {headline.goal}{note}")
    rows = {name: row for name, row in details.get("growth", {}).items() if name in GROWTH}
    if rows:
        lines += ["", f"{'8 how cost grows':<24} {'exponent':>8}  settings: ms"]
        for name, row in rows.items():
            settings = ", ".join(f"{setting}: {value:g}" for setting, value in row["ms"].items())
            lines.append(f"{name:<24} {row['exponent']:>8.2f}  {settings} ({row['what']})")
    return "\n".join(lines)
