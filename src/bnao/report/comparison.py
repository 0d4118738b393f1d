"""Searched against random, in words that do not oversell one run."""

from __future__ import annotations

import math

from bnao.data.words import examples_word
from bnao.loop.result import FINALIST, MetricInfo, SearchResult, Trained
from bnao.report.format import duration, magnitude
from bnao.report.metric_words import error_text, gain_text, unit_text, value_text


def comparison_lines(result: SearchResult) -> list[tuple[str, str]]:
    """A line for each arm's best and one for the gain, as (label, text)."""
    lines, metric = [], result.metric
    for arm in ("searched", "random", FINALIST):
        mine = [t for t in result.trained if t.arm == arm]
        measured = [t for t in mine if t.test_metric is not None]
        if measured:
            name = "finalists, trained longer" if arm == FINALIST else arm
            lines.append((f"best of {len(mine)} {name}", _measured(measured[0], metric)))
    if result.gain is not None:
        error = result.gain_standard_error
        spread = "" if error is None else f" ± {error_text(error, metric)} (standard error)"
        lines.append(("gain", f"{gain_text(result.gain, metric)}{spread} {unit_text(metric)}"))
    return lines


def comparison_sentence(result: SearchResult) -> str:
    """What the gain means: within noise below two standard errors; never more than one run can show.

    The standard error counts the finite number of held-out examples, no other chance.
    """
    gain, error = result.gain, result.gain_standard_error
    if gain is None:
        return "No random architectures were trained: this run says nothing about the search against random choice."
    if error is None or not (math.isfinite(gain) and math.isfinite(error)):
        return "The spread of this gain was not measured: it cannot be told from chance."
    if abs(gain) < 2 * error or (gain == 0 and error == 0):
        verdict = "Within noise (less than two standard errors): this run does not show that either way is better."
    elif gain > 0:
        verdict = "In this run the searched network is better than the random one by at least two standard errors."
    else:
        verdict = "In this run random choice is better by at least two standard errors: here the search did not pay."
    return (
        f"{verdict} The error counts the chance of the held-out {examples_word(result.data)} only; other seeds and "
        "longer training may give another gain."
    )


def trained_rows(result: SearchResult) -> list[tuple[bool, list[str]]]:
    """A row for each network trained alone, searched ones first, by the metric on validation.

    Whether it is its arm's best (measured on held-out data), then arm, id, score, validation and held-out metric,
    parameters, multiply-adds, time.
    """
    metric = result.metric
    ordered = sorted(result.trained, key=lambda t: (t.arm != "searched", t.arm, -metric.utility(t.valid_metric)))
    chosen = {arm: _best(result, arm) for arm in {t.arm for t in result.trained}}
    return [(trained is chosen[trained.arm], _cells(trained, metric)) for trained in ordered]


def has_finalists(result: SearchResult) -> bool:
    """Whether networks were trained longer before the winner was chosen."""
    return any(t.arm == FINALIST for t in result.trained)


def _best(result: SearchResult, arm: str) -> Trained:
    mine = [t for t in result.trained if t.arm == arm]
    best = max(mine, key=lambda t: result.metric.utility(t.valid_metric))
    return next((t for t in mine if t.test_metric is not None), best)


def _cells(trained: Trained, metric: MetricInfo) -> list[str]:
    return [
        trained.arm,
        trained.id[:8],
        "–" if trained.score is None else f"{trained.score:.4f}",
        value_text(trained.valid_metric, metric),
        "–" if trained.test_metric is None else value_text(trained.test_metric, metric),
        magnitude(trained.num_params),
        magnitude(trained.macs),
        duration(trained.seconds),
    ]


def _measured(trained: Trained, metric: MetricInfo) -> str:
    assert trained.test_metric is not None
    held_out, valid = value_text(trained.test_metric, metric, 2), value_text(trained.valid_metric, metric, 2)
    return f"{held_out} held out (validation {valid})"
