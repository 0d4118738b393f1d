"""What the page says of the ranking: its card at the top, its part, and the step that goes on with it."""

from __future__ import annotations

from typing import Any

from bnao.loop.rank.result import RankingResult
from bnao.ranking import Estimate
from bnao.ranking.bootstrap import FEWEST_ARCHITECTURES
from bnao.report.commands import rank_call
from bnao.report.ranking_plots import TauCurve, score_truth, tau_curve
from bnao.report.ranking_words import (
    FIGURES_HEAD,
    RIVALS,
    RIVALS_HEAD,
    ROUNDS_HEAD,
    caution,
    conclusion_rows,
    figure_rows,
    interval,
    missing_reasons,
    rival_rows,
    round_rows,
    sample_rows,
)
from bnao.report.web.facts import Facts

Parts = dict[str, Any]


def ranking(facts: Facts) -> Parts:
    """Verdict, tables and plots of ``bnao rank``; empty where it has not been run. (The early check is apart.)"""
    result = facts.ranking
    if result is None:
        return {}
    report = result.report
    return {
        "headline": report.verdict.headline,
        "kind": report.verdict.kind,
        "text": report.verdict.text,
        "tau": report.score.overall.kendall.value,
        "sample": sample_rows(result),
        "figures_head": FIGURES_HEAD,
        "figures": figure_rows(report.score),
        "missing": "; ".join(missing_reasons(report)),
        "rivals_head": RIVALS_HEAD,
        "rivals": rival_rows(report),
        "rounds_head": ROUNDS_HEAD,
        "rounds": round_rows(report),
        "conclusions": conclusion_rows(result),
        "warnings": result.warnings,
        "caution": caution(result),
        "plot": _scatter(result),
        "curve": _along(result),
    }


def card(facts: Facts) -> list[Parts]:
    """The verdict among the key figures, where there is one."""
    if facts.ranking is None:
        return []
    verdict, tau = facts.ranking.report.verdict, facts.ranking.report.score.overall.kendall
    return [
        {
            "key": "verdict", "name": "Can the ranking be trusted?", "exact": verdict.kind,
            "text": verdict.headline[0].upper() + verdict.headline[1:], "link": "ranking",
            "below": f"tau {interval(tau)} with {facts.metric.name} when trained alone",
        }
    ]  # fmt: skip


def call(facts: Facts) -> str:
    """How to measure the ranking, or go on with it; empty where too little is scored."""
    possible = facts.ranking_unfinished or len(facts.scored) >= FEWEST_ARCHITECTURES
    return rank_call(facts.run.path, facts.config) if possible else ""


def next_step(facts: Facts, again: str) -> list[tuple[str, str]]:
    """What is left to do about the ranking: nothing where it is measured and decided. ``again`` ends the words."""
    command, found = call(facts), facts.ranking
    if not command:
        return []
    if facts.ranking_unfinished:
        return [(command, f"go on with the ranking that is begun, if no process works on it any more{again}")]
    if found is None:
        return [(command, f"how far the ranking can be trusted, measured{again}")]
    larger = min(2 * found.plan.architectures, found.pool_size)
    if found.report.verdict.kind != "undecided" or larger <= found.plan.architectures:
        return []
    command = rank_call(facts.run.path, facts.config, larger)
    return [(command, f"a larger sample, for how far the ranking can be trusted is undecided{again}")]


def _scatter(result: RankingResult) -> str:
    rows = [(row.scores[-1], row.metric, row.num_params) for row in result.rows]
    shown = [(score, truth, float(size)) for score, truth, size in rows if score is not None and truth is not None]
    return score_truth(
        [s for s, _, _ in shown], [t for _, t, _ in shown], [n for _, _, n in shown], "ranking-", result.metric
    )


def _along(result: RankingResult) -> str:
    """Tau along the rounds, with the trivial rankings as levels."""
    report, places = result.report, {f"round {number}": float(number) for number in result.rounds}

    def curve(label: str, scope: str) -> TauCurve:
        values: list[tuple[float, Estimate]] = [
            (places[name], getattr(figures, scope).kendall) for name, figures in report.rounds.items()
        ]
        return TauCurve(label, values)

    levels = [
        (RIVALS.get(name, name), rival.figures.overall.kendall.value)
        for name, rival in report.trivial.items()
    ]  # fmt: skip
    known = [(name, value) for name, value in levels if value is not None]
    return tau_curve(
        [curve("overall", "overall"), curve("within equal size", "within_size")],
        "along-",
        levels=known,
        metric=result.metric.name,
    )
