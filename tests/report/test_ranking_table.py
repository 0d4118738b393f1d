"""What `bnao rank` prints shows every figure whole, however narrow the terminal is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

import bnao
from bnao.loop.rank.plan import RankPlan
from bnao.loop.rank.result import RankingResult
from bnao.report.ranking_table import print_ranking
from bnao.report.ranking_words import figure_rows, rival_rows, round_rows


@pytest.fixture(scope="module")
def result() -> RankingResult:
    """All rows that a ranking can have; the small ones are the better ones, so that names are at their longest."""
    draw = np.random.default_rng(0)
    truth = draw.normal(size=40)
    sizes = 1000 - 100 * truth + 150 * draw.normal(size=40)
    counts = np.column_stack([truth + draw.normal(size=40), draw.normal(size=40)]).round()
    scores = truth + 2 * draw.normal(size=40)
    report = bnao.ranking.report(
        scores, 0.6 + truth / 20, sizes.round(), live_sizes=sizes.round(), op_counts=counts,
        rounds=[-scores, scores], second_truth=0.6 + truth / 20 + draw.normal(size=40) / 50, resamples=100,
    )  # fmt: skip
    plan = RankPlan(round=2, architectures=40, stratify="none", second_seed=40, seed=0)
    return RankingResult(
        plan=plan, pool_size=300, score_name="minus the validation loss", measured_on="1,000 images, test set",
        rounds=[1, 2], operations=["a", "b"], report=report, rows=[], warnings=["one of the trainings diverged"],
    )  # fmt: skip


def figures(result: RankingResult) -> list[str]:
    report = result.report
    rows = figure_rows(report.score) + rival_rows(report) + round_rows(report)
    return [cell for _, *cells in rows for cell in cells if cell]


@pytest.mark.parametrize(
    ("width", "encoding"), [(120, "utf-8"), (80, "utf-8"), (80, "ascii"), (60, "utf-8"), (40, "utf-8")]
)
def test_every_figure_is_whole(result: RankingResult, width: int, encoding: str) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    print_ranking(result, Console(file=file, width=width))
    assert isinstance(file.buffer, io.BytesIO)
    text = file.buffer.getvalue().decode(encoding)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width and "…" not in text
    assert any("−" in cell for cell in figures(result))
    for cell in figures(result):
        said = cell.replace("−", "-").replace("–", "-") if encoding == "ascii" else cell
        value, bracket, interval = said.partition(" [")
        parts = [said] if width >= 80 else [value, f"[{interval}" if bracket else value]
        for part in parts:
            assert any(part in line for line in lines), part
    flat = " ".join(text.split())
    for word in ("smallest", "operation", "counts and", "overall", "within", "lead", "order", "diverged"):
        assert word in flat
