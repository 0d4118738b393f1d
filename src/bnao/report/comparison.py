"""Searched against random, in words that do not oversell one run."""

from __future__ import annotations

from bnao.loop.result import SearchResult, Trained
from bnao.report.format import duration, magnitude, percent, points


def comparison_lines(result: SearchResult) -> list[tuple[str, str]]:
    """A line for each arm's best and one for the gain, as (label, text)."""
    lines = []
    for arm in ("searched", "random"):
        mine = [t for t in result.trained if t.arm == arm]
        measured = [t for t in mine if t.test_metric is not None]
        if measured:
            lines.append((f"best of {len(mine)} {arm}", _accuracy(measured[0])))
    if result.gain is not None:
        error = result.gain_standard_error
        spread = "" if error is None else f" ± {100 * error:.2f} (standard error)"
        lines.append(("gain", f"{points(result.gain)}{spread} percentage points"))
    return lines


def comparison_sentence(result: SearchResult) -> str:
    """What the gain means: within noise below two standard errors; never more than one run can show.

    The standard error counts the finite number of held-out images, no other chance.
    """
    gain, error = result.gain, result.gain_standard_error
    if gain is None:
        return "No random architectures were trained: this run says nothing about the search against random choice."
    if error is None:
        return "The spread of this gain was not measured: it cannot be told from chance."
    if abs(gain) < 2 * error or (gain == 0 and error == 0):
        verdict = "Within noise (less than two standard errors): this run does not show that either way is better."
    elif gain > 0:
        verdict = "In this run the searched network is better than the random one by at least two standard errors."
    else:
        verdict = "In this run random choice is better by at least two standard errors: here the search did not pay."
    return (
        f"{verdict} The error counts the chance of the held-out images only; other seeds and longer training may give "
        f"another gain."
    )


def trained_rows(result: SearchResult) -> list[tuple[bool, list[str]]]:
    """A row for each network trained alone, searched ones first, by validation accuracy.

    Whether it is its arm's best (measured on held-out data), then arm, id, score, validation and held-out accuracy,
    parameters, multiply-adds, time.
    """
    ordered = sorted(result.trained, key=lambda t: (t.arm != "searched", t.arm, -t.valid_metric))
    chosen = {arm: _best(result.trained, arm) for arm in {t.arm for t in result.trained}}
    return [(trained is chosen[trained.arm], _cells(trained)) for trained in ordered]


def _best(trained: list[Trained], arm: str) -> Trained:
    mine = [t for t in trained if t.arm == arm]
    return next((t for t in mine if t.test_metric is not None), max(mine, key=lambda t: t.valid_metric))


def _cells(trained: Trained) -> list[str]:
    return [
        trained.arm,
        trained.id[:8],
        "–" if trained.score is None else f"{trained.score:.4f}",
        percent(trained.valid_metric),
        "–" if trained.test_metric is None else percent(trained.test_metric),
        magnitude(trained.num_params),
        magnitude(trained.macs),
        duration(trained.seconds),
    ]


def _accuracy(trained: Trained) -> str:
    assert trained.test_metric is not None
    return f"{percent(trained.test_metric, 2)} held out (validation {percent(trained.valid_metric, 2)})"
