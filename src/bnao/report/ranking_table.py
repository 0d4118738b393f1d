"""What ``bnao rank`` prints at its end."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from bnao.loop.rank.result import CSV, RANKING, RankingResult
from bnao.report.fitted_table import print_figures
from bnao.report.page import Page
from bnao.report.ranking_words import (
    FIGURES_HEAD,
    RIVALS_HEAD,
    ROUNDS_HEAD,
    caution,
    conclusion_rows,
    figure_rows,
    missing_reasons,
    rival_rows,
    round_rows,
    sample_rows,
)


def print_ranking(result: RankingResult, console: Console, *, folder: Path | None = None) -> None:
    """Print the verdict and the figures of a ranking; ``folder`` is the searched run's, whose files are named then."""
    page, report = Page(console), result.report
    page.heading(f"Can the ranking be trusted? {report.verdict.headline}")
    page.paragraph(report.verdict.text)
    page.blank()
    page.pairs(sample_rows(result))
    page.heading("Agreement of the score with the truth")
    print_figures(page, FIGURES_HEAD, figure_rows(report.score))
    if reasons := missing_reasons(report):
        page.paragraph(f"–: not given ({'; '.join(reasons)})", style="dim")
    page.heading("Beside rankings that need no supernet")
    print_figures(page, RIVALS_HEAD, rival_rows(report))
    if report.rounds:
        page.heading("By round")
        print_figures(page, ROUNDS_HEAD, round_rows(report))
    page.heading("What it is good for")
    page.pairs(conclusion_rows(result))
    if result.warnings:
        page.heading("Warnings")
        for warning in result.warnings:
            page.item(warning, style="yellow")
    page.blank()
    page.paragraph(caution(result))
    if folder is not None:
        page.heading("Files")
        page.pairs(
            [
                (str(folder / "report.html"), "the report, with plots: section \"Can the ranking be trusted?\""),
                (str(folder / RANKING), "all of this as data, with every architecture"),
                (str(folder / CSV), "every architecture as a table"),
            ]
        )  # fmt: skip
