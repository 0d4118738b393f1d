"""Parts of the page about the winner: key figures, its drawing, the comparison with random choice."""

from __future__ import annotations

from typing import Any

from bnao.cost.limit_check import amount
from bnao.data.words import examples_word
from bnao.loop.result import SearchResult, WinnerLatency
from bnao.report.comparison import comparison_sentence, trained_rows
from bnao.report.equal_compute import EqualCompute, equal_compute, sentence
from bnao.report.format import count, duration, magnitude
from bnao.report.latency_words import latency_text
from bnao.report.metric_words import error_text, gain_text, title_text, value_text
from bnao.report.web.facts import Facts
from bnao.report.web.graph_svg import graph_svg
from bnao.report.web.plots import best_of

Parts = dict[str, Any]

_MODES = {
    "retrain": "trained from scratch on training and validation",
    "fine_tune": "continued from the supernet's weights on training and validation",
    "inherit": "the supernet's weights as they were, running statistics measured on training",
}


def mode_text(result: SearchResult) -> str:
    """Where the delivered weights come from."""
    mode = result.winner.mode
    if mode == "rerank":
        return "the weights of the re-ranking's short training"
    return f"{_MODES[mode]} {examples_word(result.data)}" if mode in _MODES else mode


def key_figures(result: SearchResult) -> list[Parts]:
    """The cards at the top: name, value, a line below, and the exact value for programs."""
    winner, metric = result.winner, result.metric
    cards = [
        {
            "key": f"winner-{metric.name}", "name": title_text(metric), "exact": repr(winner.test_metric),
            "text": value_text(winner.test_metric, metric, 2),
            "below": f"± {error_text(winner.test_standard_error, metric)} (standard error), on {winner.measured_on}"
            + ("" if metric.higher_is_better else "; lower is better"),
        },
        {
            "key": "winner-params", "name": "Parameters", "exact": str(winner.num_params),
            "text": magnitude(winner.num_params), "below": f"{count(winner.num_params)} of the delivered network",
        },
        {
            "key": "winner-macs", "name": "Multiply-adds", "exact": str(winner.macs),
            "text": magnitude(winner.macs), "below": f"{count(winner.macs)} for one {examples_word(result.data, 1)}",
        },
    ]  # fmt: skip
    if winner.latency is not None:
        cards.append(_latency(winner.latency))
    if result.gain is not None:
        error = result.gain_standard_error
        spread = "" if error is None else f"± {error_text(error, metric)} (standard error), "
        unit, name = (" points", "") if metric.is_share else ("", f"{metric.name}, above 0 is better; ")
        cards.append(
            {
                "key": "gain", "name": "Against random choice", "exact": repr(result.gain),
                "text": f"{gain_text(result.gain, metric)}{unit}", "below": f"{name}{spread}equal stand-alone budget",
            }
        )  # fmt: skip
    return cards


def _latency(found: WinnerLatency) -> Parts:
    shown = found.predicted_ms if found.whole_ms is None else found.whole_ms
    note = "" if found.whole_ms is None else f"; {amount(found.predicted_ms)} ms by the table"
    return {
        "key": "winner-latency", "name": "Latency", "exact": repr(shown),
        "text": f"{amount(shown)} ms", "below": f"{latency_text(found)}{note}",
    }  # fmt: skip


def drawing(facts: Facts) -> Parts:
    """The winner, or the best by score so far, as graphs or in the space's own text form."""
    if facts.result is not None:
        text, what = facts.result.winner.architecture, ""
    elif facts.scored:
        entry, _ = max(facts.scored, key=lambda pair: pair[1])
        text, what = entry.text, "The run has not finished: this is the best by score so far."
    else:
        return {}
    if facts.space is None:
        shown = "" if facts.result is None else facts.result.drawing
        known = "" if facts.result is None else facts.result.winner.id
        return {"note": what, "graphs": [], "legend": "", "text": shown, "tokens": text, "id": known}
    architecture = facts.space.grammar.parse(text)
    graphs = facts.space.graph(architecture)
    return {
        "note": what,
        "graphs": [{"title": g.title, "svg": graph_svg(g, f"graph-{k}-")} for k, g in enumerate(graphs)],
        "legend": f"Data flow from left to right. {facts.space.legend}".rstrip() if graphs else "",
        "text": "" if graphs else facts.space.draw(architecture),
        "tokens": text,
        "id": architecture.id,
    }


def comparison(result: SearchResult) -> Parts:
    """Both arms: the table, the plot, the verdicts at equal stand-alone budget and at equal total compute."""
    if not result.trained:
        return {}
    equal = equal_compute(result)
    expected = None if equal is None else (equal.num_total, equal.expected_best, equal.low, equal.high)
    arms = {arm: [t.valid_metric for t in result.trained if t.arm == arm] for arm in ("searched", "random")}
    return {
        "sentence": comparison_sentence(result),
        "rows": [
            {"best": best, "cells": [("★ " if best else "") + arm, *cells]}
            for best, (arm, *cells) in trained_rows(result)
        ],
        "plot": best_of(arms["searched"], arms["random"], expected, "best-of-", result.metric),
        "metric": result.metric.name,
        "equal": None if equal is None else _equal(equal),
        "equal_sentence": "" if equal is None else sentence(equal),
        "has_random": bool(arms["random"]),
    }


def _equal(equal: EqualCompute) -> list[tuple[str, str]]:
    metric = equal.metric
    return [
        ("search itself (supernet, scoring, controller)", duration(equal.seconds_search)),
        (
            "one random stand-alone training"
            + (f" ({equal.processes} at the same time)" if equal.processes > 1 else ""),
            duration(equal.seconds_per_training),
        ),
        ("random trainings at equal total compute", f"{equal.num_total} ({equal.num_random} were made)"),
        (
            f"expected best validation {metric.name} of {equal.num_total} random ones",
            f"{value_text(equal.expected_best, metric)} (90 % interval {value_text(equal.low, metric)} to "
            f"{value_text(equal.high, metric)})",
        ),
        (f"best validation {metric.name} of the searched ones", value_text(equal.searched_best, metric)),
    ]
