"""What a search's result says of its settings, its stages and its early check, beside what the run's state says."""

from __future__ import annotations

import math

from bnao.loop.check_result import CHECK, CheckResult, read_check
from bnao.loop.config import SearchConfig
from bnao.loop.inputs import read_inputs
from bnao.loop.latency import WHOLE, WINNER, stored_timings
from bnao.loop.plan.plan import read_plan
from bnao.loop.result import SearchResult, WinnerLatency, metric_info
from bnao.loop.stages import read_progress
from bnao.loop.verify.checks import Checks
from bnao.loop.workbench import Workbench
from bnao.ranking import report
from bnao.storage import Pool, RunFolder, from_dict, to_plain
from bnao.storage.manifest import versions


def check_settings(run: RunFolder, config: SearchConfig, result: SearchResult, checks: Checks) -> None:
    """Recipe, seed, data, space and mode are those of the manifest."""
    rows = [
        ("recipe", result.recipe, run.manifest.recipe),
        ("seed", result.seed, config.seed),
        ("data", result.data, config.data.source),
        ("space", result.space, config.space.name),
        ("mode", result.winner.mode, config.final.mode),
    ]
    checks.all_same("settings", rows, "recipe, seed, data, space and mode are those of the manifest")


def check_stages(run: RunFolder, result: SearchResult, checks: Checks) -> None:
    """Warnings, times and figures of the stages, the plan, and how it ran are those of the state."""
    progress, inputs = read_progress(run), read_inputs(run)
    rows: list[tuple[str, object, object]] = [
        ("plan", to_plain(result.plan), to_plain(read_plan(run))),
        ("versions", result.versions, run.manifest.versions),
    ]
    if progress is not None:
        rows += [
            ("warnings", result.warnings, progress.warnings),
            ("times", to_plain(result.stage_seconds), to_plain(progress.seconds)),
            ("figures", to_plain(result.stage_figures), to_plain(progress.figures)),
        ]
    if inputs is not None:
        rows += [("device", result.device, inputs.device), ("parts", result.parts, inputs.parts)]
    checks.all_same("stages", rows, "warnings, times, figures, plan and device are those that the state has")


def check_latency(run: RunFolder, config: SearchConfig, result: SearchResult, checks: Checks) -> None:
    """Latencies are those that the state has; nothing is timed again."""
    limit, winner = config.limits.max_latency_ms, result.winner.latency
    stored = from_dict(WinnerLatency, run.read_json(WINNER), source=f"{run.path}/{WINNER}") if run.has(WINNER) else None
    rows: list[tuple[str, object, object]] = [
        ("limit", None if winner is None else winner.limit_ms, limit),
        ("winner", winner, stored),
    ]
    if run.has(WHOLE):
        whole = stored_timings(run)
        rows += [
            (entry.id[:8], entry.latency_ms, whole[entry.id].median_ms) for entry in result.trained if entry.id in whole
        ]
    elif limit is None:
        rows += [("arms", [entry.latency_ms for entry in result.trained if entry.latency_ms is not None], [])]
    text = "none, as the settings say" if limit is None else "the limit is that of the settings, times are the state's"
    checks.all_same("latency", rows, text)
    if limit is not None:
        checks.leave("latencies: no network is timed again")


def check_early(run: RunFolder, config: SearchConfig, result: SearchResult, pool: Pool, checks: Checks) -> None:
    """The early check's figures follow from its rows, and its scores are the pool's of round 1."""
    found = read_check(run)
    if found is None:
        if config.check.when == "always":
            checks.differs("early check", f"the settings ask for one; {CHECK} is missing")
        return
    recorded = pool.scores_of(1)
    texts = {entry.id: entry.text for entry in pool.entries()}
    rows: list[tuple[str, object, object]] = []
    for row in found.rows:
        rows.append((f"{row.id[:8]}", (row.score, row.architecture), (recorded.get(row.id), texts.get(row.id))))
    num = 0 if not found.rows else min(config.check.architectures, len(recorded))  # a pool may be smaller
    rows.append(("networks", len(found.rows), num))
    warned = found.report is None or found.report.verdict.kind == "worthless"
    rows.append(("warned of", found.text in result.warnings, warned))
    checks.all_same("early check", rows, f"{num} networks of the pool with their scores of round 1")
    if found.report is not None and (len(found.rows) < 2 or not all(math.isfinite(row.metric) for row in found.rows)):
        checks.differs("early check: figures", "there are some, though its rows give none")
    elif found.report is not None:
        _check_early_figures(run, config, result, found, checks)
    checks.leave("the early check's metrics on validation: its networks are not kept")


def _check_early_figures(
    run: RunFolder, config: SearchConfig, result: SearchResult, found: CheckResult, checks: Checks
) -> None:
    assert found.report is not None
    columns = ([row.score for row in found.rows], [row.metric for row in found.rows])
    again = report(*columns, [row.num_params for row in found.rows], metric=result.metric, seed=config.seed)
    if to_plain(again) == to_plain(found.report):
        checks.agrees("early check: figures", "all equal, computed again from its rows")
    elif run.manifest.versions != versions():
        old, new = found.report.score.overall.kendall.value, again.score.overall.kendall.value
        checks.close("early check: figures", old, new, "Kendall's tau")
    else:
        checks.differs("early check: figures", "others than its rows give")


def check_objective(bench: Workbench, result: SearchResult, checks: Checks) -> None:
    """The metric is that of the settings, or the one given."""
    metric = metric_info(bench.objective.metric)
    checks.same("metric", result.metric, metric, f"{metric.name}, as the settings say")


def search_settings(run: RunFolder, checks: Checks) -> SearchConfig | None:
    """The settings, to be read, never to be worked with; None where they are damaged."""
    with checks.guard("settings"):
        return from_dict(SearchConfig, run.manifest.config, source=f"{run.path}/manifest.json")
    return None
