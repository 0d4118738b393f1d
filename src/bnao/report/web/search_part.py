"""Parts of the page about the search: the pool, score and size, the predictor, coverage, curves, time."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnao.loop.coverage import ChoiceCount, RoundCoverage
from bnao.ranking import spearman
from bnao.report.format import count, duration, figures, magnitude
from bnao.report.web.facts import Facts
from bnao.report.web.judgement import groups, pairwise, predictions, size_correlation, total, under_trained
from bnao.report.web.plots import Curve, SizeScore, curves, pool_rounds, predictor, size_score

Parts = dict[str, Any]


def pool(facts: Facts) -> Parts:
    """The pool by the round that brought its members, all on the scale of the latest scores."""
    scored = facts.scored
    by_round: dict[int, list[float]] = {}
    for entry, score in scored:
        by_round.setdefault(entry.round, []).append(score)
    origins: dict[int, dict[str, int]] = {}
    for entry in facts.entries:
        counts = origins.setdefault(entry.round, {})
        counts[entry.origin] = counts.get(entry.origin, 0) + 1
    rows = []
    for number, counts in sorted(origins.items()):
        values = by_round.get(number, [])
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75]) if values else (None, None, None)
        words = ", ".join(f"{n} {name}" for name, n in counts.items())
        cells = [f"{v:.4f}" if v is not None else "–" for v in (max(values, default=None), high, median, low)]
        rows.append([str(number), count(sum(counts.values())), words, *cells])
    return {
        "size": len(facts.entries),
        "last": facts.last_round,
        "score_name": facts.score_name,
        "rows": rows,
        "plot": pool_rounds([(f"round {number}", values) for number, values in sorted(by_round.items())], "pool-"),
    }


def size(facts: Facts) -> Parts:
    """Score against size."""
    chosen = set() if facts.result is None else {t.id for t in facts.result.trained if t.arm == "searched"}
    found = [
        SizeScore(num_params=e.num_params, score=score, round=e.round, top=e.id in chosen) for e, score in facts.scored
    ]
    return {"plot": size_score(found, "size-"), "spearman": size_correlation(facts), "last": facts.last_round}


def prediction(facts: Facts) -> Parts:
    """The controller's predictions of what it had not learned."""
    found = predictions(facts)
    rows = []
    for name, members in groups(found).items():
        accuracy, _ = pairwise(members)
        correlation = spearman([p.predicted for p in members], [p.score for p in members])
        rows.append(
            [
                name,
                count(len(members)),
                "–" if accuracy is None else f"{100 * accuracy:.0f} %",
                "–" if correlation is None else f"{correlation:+.2f}",
            ]
        )
    return {"rows": rows, "plot": predictor([(p.predicted, p.score, p.group) for p in found], "predictor-")}


def coverage(facts: Facts) -> Parts:
    """How often each choice and each class of sizes was trained in all rounds."""
    last = total(facts.coverage)
    if last is None:
        return {}
    weak = under_trained(last)
    kinds = list(dict.fromkeys(choice.kind for choice in last.choices))
    return {
        "rounds": last.round,
        "steps": count(last.steps),
        "tables": [_heat(last, kind, set(weak)) for kind in kinds],
        "weak": [f"{c.option} at {c.place} ({c.steps} steps)" for c in weak[:12]],
        "more_weak": max(0, len(weak) - 12),
        "sizes": _sizes(last),
        "policy": facts.sampling,
    }


def _heat(last: RoundCoverage, kind: str, weak: set[ChoiceCount]) -> Parts:
    mine = [c for c in last.choices if c.kind == kind]
    options = list(dict.fromkeys(c.option for c in mine))
    most = max(c.steps for c in mine) or 1
    cells = {(c.place, c.option): c for c in mine}
    rows = []
    for place in dict.fromkeys(c.place for c in mine):
        row = [cells.get((place, option)) for option in options]
        rows.append(
            {
                "place": place,
                "cells": [
                    None if c is None else {"steps": c.steps, "v": f"{c.steps / most:.3f}", "weak": c in weak}
                    for c in row
                ],
            }
        )
    return {"kind": kind, "options": [option.replace("_", " ") for option in options], "rows": rows}


def _sizes(last: RoundCoverage) -> list[Parts]:
    total = sum(c.steps for c in last.sizes) or 1
    most = max([*(c.steps / total for c in last.sizes), *(c.share for c in last.sizes), 1e-9])
    return [
        {
            "name": f"{magnitude(c.low)} – {magnitude(c.high)}",
            "trained": f"{100 * c.steps / total / most:.1f}",
            "space": f"{100 * c.share / most:.1f}",
            "text": f"{100 * c.steps / total:.0f} % of steps, {100 * c.share:.0f} % of the space",
        }
        for c in last.sizes
    ]


def learning(facts: Facts) -> Parts:
    """Learning curves: the supernet's rounds and final training, and the arms."""
    names = {"rerank": "searched", "random": "random", "finalists": "searched", "final": "final"}
    metric = facts.metric
    found = {"supernet": [], "alone": []}  # type: dict[str, list[tuple[str, str, Any]]]
    for curve in facts.curves:
        kind = curve.stage.partition("-")[0]
        group = "supernet" if kind == "supernet" else "alone"
        if group == "supernet":
            label, colour = curve.stage.replace("supernet-", "round "), "supernet"
        else:
            colour = names.get(kind, "other")
            label = kind if kind == "finalists" else names.get(kind, curve.stage)
        if curve.architecture is not None:
            label = f"{label} {curve.architecture[:6]}"
        found[group].append((label, colour, curve))
    return {
        "metric": metric.name,
    } | {
        f"{group}_{what}": curves(
            [Curve(label=label, values=c.points(what), group=colour) for label, colour, c in members],
            f"{group}-{what}-",
            metric.name if what == "metric" else what,
            is_share=what == "metric" and metric.is_share,
        )
        for group, members in found.items()
        for what in ("loss", "metric")
    }


def time(facts: Facts) -> Parts:
    """Seconds by stage."""
    result = facts.result
    seconds = dict(facts.progress.seconds if result is None else result.stage_seconds)
    told = facts.progress.figures if result is None else result.stage_figures
    for name, spent in facts.progress.unfinished.items():
        seconds[name] = seconds.get(name, 0.0) + spent
    total, longest = sum(seconds.values()), max(seconds.values(), default=0.0)
    return {
        "total": duration(total),
        "rows": [
            {
                "stage": stage,
                "time": duration(spent),
                "width": f"{100 * spent / longest:.1f}" if longest > 0 else "0",
                "share": f"{100 * spent / total:.0f} %" if total > 0 else "",
                "figures": figures(told.get(stage)),
            }
            for stage, spent in seconds.items()
        ],
    }
