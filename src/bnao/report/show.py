"""What ``bnao show`` prints: a finished run's summary, or how far an unfinished one has come."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from bnao.loop.check_result import read_check
from bnao.loop.front import read_fronts
from bnao.loop.result import RESULT, read_result
from bnao.report.commands import rank_call, resume_call
from bnao.report.format import count, duration, figures, magnitude
from bnao.report.front_table import print_fronts
from bnao.report.page import Page, plain_table
from bnao.report.ranking_state import read_state
from bnao.report.stage import SearchClock
from bnao.report.summary import print_summary
from bnao.report.training_page import show_training
from bnao.storage import Pool, PoolEntry, RunFolder


def show_run(run: RunFolder, console: Console) -> None:
    """Print the run's status, recipe and settings' seed; then its summary, or the stage, pool and best scores so far.

    Raises RunError where files of the run are damaged.
    """
    page, manifest = Page(console), run.manifest
    page.heading(f"Run {run.path}")
    seed = manifest.config.get("seed")
    page.pairs(
        [
            ("status", manifest.status),
            ("recipe", manifest.recipe + ("" if seed is None else f", seed {seed}")),
            ("begun", manifest.created),
            ("last commit", f"{manifest.updated} (generation {manifest.generation})"),
            ("versions", ", ".join(f"{name} {version}" for name, version in sorted(manifest.versions.items()))),
        ]
    )
    if manifest.kind == "training":
        show_training(run, page)
        return
    if run.has(RESULT):
        result = read_result(run)
        print_summary(result, console, folder=run.path)
        print_fronts(read_fronts(run), page, data=result.data)
        _ranking(run, page)
        return
    _reached(run, page)
    if run.manifest.pool is not None:
        with Pool(run.pool_path) as pool:
            _pool(pool, page)
    _ranking(run, page)
    page.blank()
    page.paragraph(
        f"This run has not finished. If no process works on it any more, go on with: "
        f"{resume_call(run.path, manifest.config)}",
        style="yellow",
    )


def _reached(run: RunFolder, page: Page) -> None:
    clock, last = SearchClock(clock=lambda: 0.0), 0.0
    for event in run.events():
        clock.event(event["event"], event)
        last = float(event["elapsed"])
    page.heading("Stages")
    for stage in clock.finished:
        told = figures(stage.figures)
        page.paragraph(f"✓ {stage.title}: {duration(stage.seconds or 0.0)}" + (f" · {told}" if told else ""))
    if clock.current is not None:
        page.paragraph(f"→ {clock.current.title}: begun, not finished (last word {duration(last)} after the start)")
    elif not clock.finished:
        page.paragraph("none yet")


def _ranking(run: RunFolder, page: Page) -> None:
    """What is known of how far the scores can be trusted."""
    check, state = read_check(run), read_state(run)
    ranking, damage, call = state.result, state.damage, rank_call(run.path, run.manifest.config)
    if check is not None or ranking is not None or damage or state.unfinished:
        page.heading("Can the ranking be trusted?" + ("" if ranking is None else f" {ranking.report.verdict.headline}"))
    if check is not None:
        page.paragraph(f"{check.text[0].upper()}{check.text[1:]}.")
    if ranking is not None:
        page.paragraph(ranking.report.verdict.text + ("" if state.unfinished else f" All figures: {call}"))
        for warning in ranking.warnings:
            page.item(warning, style="yellow")
    if state.unfinished:
        page.paragraph(f"{state.unfinished}. If no process works on it any more, go on with: {call}", style="yellow")
    if damage:
        page.paragraph(f"{damage[0].upper()}{damage[1:]}.", style="yellow")


def _pool(pool: Pool, page: Page) -> None:
    rounds = pool.count_by_round()
    by_round = ", ".join(f"round {number}: {count(size)}" for number, size in rounds.items())
    page.heading(f"Pool: {count(len(pool))} architectures" + (f" ({by_round})" if len(rounds) > 1 else ""))
    best = pool.best(5)
    if not best:
        page.paragraph("not scored yet")
        return
    page.table(_best_table(best))


def _best_table(entries: list[PoolEntry]) -> Table:
    table = plain_table()
    table.add_column("best so far", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("params", justify="right", no_wrap=True)
    table.add_column("madds", justify="right", no_wrap=True)
    table.add_column("origin", no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for entry in entries:
        table.add_row(
            entry.id[:8], f"{entry.score:.4f}", magnitude(entry.num_params), magnitude(entry.macs),
            f"{entry.origin} (round {entry.round})", entry.text,
        )  # fmt: skip
    return table
