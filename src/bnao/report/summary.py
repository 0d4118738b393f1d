"""The summary at the end of a search: what was found, how far it can be trusted, where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bnao.data.words import examples_word
from bnao.loop.plan.plan import minutes
from bnao.loop.rank.plan import ARCHITECTURES, is_begun
from bnao.loop.result import SearchResult, WinnerLatency
from bnao.ranking.bootstrap import FEWEST_ARCHITECTURES
from bnao.report.commands import rank_call
from bnao.report.comparison import comparison_lines, comparison_sentence, has_finalists, trained_rows
from bnao.report.format import count, duration, figures, magnitude, processes_text
from bnao.report.latency_words import latency_note, latency_text
from bnao.report.metric_words import error_text, value_text
from bnao.report.origin import is_pick, pick_words
from bnao.report.page import Page, plain_table
from bnao.storage import RunFolder
from bnao.storage.manifest import FILE_NAME

FILES = {
    "report.html": "the report: open it in a browser",
    "result.json": "this summary as data",
    "winner.safetensors": "weights of the winner",
    "pool.sqlite": "every architecture with its scores",
    "events.jsonl": "what happened when, one JSON object a line",
    "manifest.json": "settings and versions of the run",
}


def print_summary(result: SearchResult, console: Console, *, folder: Path | None = None) -> None:
    """Print the result of a search, wrapped to the console's width, with or without colour.

    ``folder`` is the run's folder: its files and the commands that go on from there are named too.
    """
    page = Page(console)
    run = RunFolder.open(folder) if folder is not None and (folder / FILE_NAME).exists() else None
    config: Mapping[str, Any] = {} if run is None else run.manifest.config
    _winner(result, config, page)
    _comparison(result, page)
    _stages(result, page)
    if result.warnings:
        page.heading("Warnings")
        for warning in result.warnings:
            page.item(warning, style="yellow")
    if folder is not None:
        asks = not is_pick(config) and (run is None or not is_begun(run))
        _files(folder, page, _ranking(result, folder, config) if asks else [])


def _winner(result: SearchResult, config: Mapping[str, Any], page: Page) -> None:
    winner = result.winner
    page.heading("Winner")
    if result.drawing:
        page.verbatim(result.drawing)
        page.blank()
    extra = winner.num_params_with_auxiliary - winner.num_params
    params = f"{count(winner.num_params)} ({magnitude(winner.num_params)})"
    rows = [
        (
            result.metric.name,
            f"{value_text(winner.test_metric, result.metric, 2)} ± "
            f"{error_text(winner.test_standard_error, result.metric)} (standard "
            f"error){'' if result.metric.higher_is_better else ', lower is better'}, measured on {winner.measured_on}",
        ),
        (
            "parameters",
            params + (f"; {count(winner.num_params_with_auxiliary)} in training, with auxiliary head" if extra else ""),
        ),
        ("multiply-adds", f"{count(winner.macs)} ({magnitude(winner.macs)}) an {examples_word(result.data, 1)}"),
        *_latency(winner.latency),
        ("weights", _MODES.get(winner.mode, winner.mode) + (f"; output {winner.output}" if winner.output else "")),
        ("tokens", winner.architecture),
        ("id", winner.id),
        _search(result, config),
        ("space", f"{result.space}, {result.space_size} architectures"),
        ("pool", _pool(result)),
    ]
    page.pairs([row for row in rows if row[1]])


def _search(result: SearchResult, config: Mapping[str, Any]) -> tuple[str, str]:
    begun = f"recipe {result.recipe}, seed {result.seed}, on {result.data}"
    return ("pick", f"{pick_words(config)}; {begun}") if is_pick(config) else ("search", begun)


def _latency(found: WinnerLatency | None) -> list[tuple[str, str]]:
    return [] if found is None else [("latency", "; ".join(filter(None, [latency_text(found), latency_note(found)])))]


_MODES = {
    "retrain": "trained from scratch",
    "fine_tune": "continued from the supernet's",
    "inherit": "the supernet's as they were, running statistics measured anew",
    "rerank": "those of the re-ranking's short training",
}


def _pool(result: SearchResult) -> str:
    if not result.pool_size:
        return ""
    text = f"{count(result.pool_size)} architectures scored"
    if len(result.pool_by_round) > 1:
        text += (
            (" (grown by round: " if result.pool_by_round[-1] == result.pool_size else " (by round: ")
            + ", ".join(map(count, result.pool_by_round))
            + ")"
        )
    return text


def _comparison(result: SearchResult, page: Page) -> None:
    if not result.trained:
        return
    page.heading("Against random choice, at the same stand-alone budget")
    page.pairs(comparison_lines(result))
    page.paragraph(comparison_sentence(result))
    page.blank()
    page.table(_trained_table(result))
    page.paragraph(
        "★ the arm's best on validation: only these were measured on held-out data. Score: one-shot, higher is better."
        + (" Finalists are searched ones, trained again for longer." if has_finalists(result) else ""),
        style="dim",
    )


def _trained_table(result: SearchResult) -> Table:
    table = plain_table()
    table.add_column("arm", no_wrap=True)
    table.add_column("id", no_wrap=True)
    for name in ("score", "valid", "held out", "params", "madds", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for best, (arm, *cells) in trained_rows(result):
        table.add_row(f"{'★' if best else ' '} {arm}", *cells, style="bold" if best else None)
    return table


def _stages(result: SearchResult, page: Page) -> None:
    if not result.stage_seconds:
        return
    total = sum(result.stage_seconds.values())
    page.heading(f"Time: {duration(total)} on {result.device}, {processes_text(result.processes, result.threads)}")
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(style="dim", overflow="fold")
    longest = max(result.stage_seconds.values())
    for stage, seconds in result.stage_seconds.items():
        bar = "█" * round(8 * seconds / longest) if longest > 0 else ""
        share = f"{100 * seconds / total:.0f} %" if total > 0 else ""
        table.add_row(stage, duration(seconds), share, bar, figures(result.stage_figures.get(stage)))
    page.table(table)
    if result.plan is not None:
        page.paragraph(f"{result.plan.text}; it took {minutes(total)} min")


def _ranking(result: SearchResult, folder: Path, config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How to measure the ranking, where the pool is large enough for it."""
    if result.pool_size < FEWEST_ARCHITECTURES:
        return []
    num = min(ARCHITECTURES, result.pool_size)
    return [(rank_call(folder, config), f"can the one-shot ranking be trusted? Trains {num} of the pool alone")]


def _files(folder: Path, page: Page, ranking: list[tuple[str, str]]) -> None:
    page.heading("Files and next steps")
    present = {name: text for name, text in FILES.items() if (folder / name).exists()}
    page.pairs([(str(folder / name), text) for name, text in present.items()])
    page.pairs(
        [
            (f"bnao show {folder}", "this page again"),
            *ranking,
            ("bnao list recipes", "longer searches; another seed tells how far to trust this one"),
        ]
    )
