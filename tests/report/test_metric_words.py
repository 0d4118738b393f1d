"""A run's metric in every text: shares in percent, others as numbers, the direction respected."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from bnao.loop.front import trained_fronts
from bnao.loop.result import SearchResult
from bnao.objective import MetricInfo
from bnao.report.comparison import comparison_lines, comparison_sentence, trained_rows
from bnao.report.equal_compute import equal_compute, sentence
from bnao.report.format import figure
from bnao.report.front_words import front_rows
from bnao.report.summary import print_summary
from bnao.report.web.plots import best_of
from bnao.report.web.winner_part import comparison, key_figures, mode_text

MSE = MetricInfo(name="mse", higher_is_better=False, is_share=False)
ERROR = MetricInfo(name="error", higher_is_better=False)
STAGES = {"supernet-1": 65.0, "scoring-1": 9.0}
Make = Callable[..., SearchResult]


def mirrored(result: SearchResult, metric: MetricInfo) -> SearchResult:
    """The same networks, told by an error: 1 - accuracy."""
    trained = [
        replace(t, valid_metric=1 - t.valid_metric, test_metric=None if t.test_metric is None else 1 - t.test_metric)
        for t in result.trained
    ]
    return replace(result, trained=trained, metric=metric, data="own")


def test_the_best_is_the_least_where_less_is_better(make_result: Make) -> None:
    right = make_result(stage_seconds=STAGES)
    wrong = mirrored(right, ERROR)
    assert [cells[1] for _, cells in trained_rows(wrong)] == [cells[1] for _, cells in trained_rows(right)]
    ours, theirs = equal_compute(right), equal_compute(wrong)
    assert ours is not None and theirs is not None
    assert theirs.expected_best == pytest.approx(1 - ours.expected_best)
    assert (theirs.low, theirs.high) == pytest.approx((1 - ours.high, 1 - ours.low))
    assert theirs.searched_best == pytest.approx(1 - ours.searched_best)
    assert [p.id for p in trained_fronts(right)["params"].points] == [
        p.id for p in trained_fronts(wrong)["params"].points
    ]
    verdicts = ("cannot be told", "worth its time", "better use of the time")
    assert [v in sentence(ours) for v in verdicts] == [v in sentence(theirs) for v in verdicts]


def test_what_is_no_share_is_not_clipped_to_one(make_result: Make) -> None:
    result = make_result(stage_seconds=STAGES)
    scaled = [replace(t, valid_metric=50 * t.valid_metric) for t in result.trained]
    free = MetricInfo(name="score", is_share=False)
    equal = equal_compute(replace(result, trained=scaled, metric=free))
    assert equal is not None and equal.expected_best > 30
    loss = equal_compute(replace(result, trained=scaled, metric=MSE))
    assert loss is not None and 0 <= loss.low <= loss.expected_best <= loss.high
    assert "%" not in sentence(loss).replace("90 % interval", "")


def test_numbers_have_four_digits_and_no_percent(make_result: Make) -> None:
    result = replace(mirrored(make_result(), MSE), gain=0.00123456, gain_standard_error=0.0004567)
    lines = dict(comparison_lines(result))
    assert lines["best of 5 searched"] == "0.295 held out (validation 0.31)"
    assert lines["gain"].startswith("+0.001235 ± 0.000457 (standard error) mse")
    assert "held-out examples" in comparison_sentence(result)
    stream = io.StringIO()
    print_summary(result, Console(file=stream, width=200))
    text = stream.getvalue()
    assert "mse " in text and "lower is better" in text and "accuracy" not in text and "an example" in text
    rows, _ = front_rows(trained_fronts(result), arms=True)
    assert all("%" not in cell for row in rows for cell in row)


def test_cards_and_plots(make_result: Make) -> None:
    result = mirrored(make_result(), MSE)
    cards = {card["key"]: card for card in key_figures(result)}
    assert cards["winner-mse"]["name"] == "MSE" and cards["winner-mse"]["text"] == "0.8532"
    assert "lower is better" in cards["winner-mse"]["below"] and "one example" in cards["winner-macs"]["below"]
    assert cards["gain"]["text"] == "+0.017"
    assert mode_text(result).endswith("validation examples")
    svg = comparison(result)["plot"]
    assert (
        "validation mse (lower is better)" in svg and "best 0.3" in svg and "%" not in svg.replace("90 % interval", "")
    )
    assert "best 1" in best_of([3.0, 1.0], [2.0], None, "p-", MSE)


def test_a_gain_that_is_not_defined_says_so(make_result: Make) -> None:
    assert "was not measured" in comparison_sentence(make_result(gain=math.nan, gain_standard_error=0.1))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("best_valid_error", "best valid error 25.0 %"),
        ("test_auroc", "test auroc 25.0 %"),
        ("f1", "f1 25.0 %"),
        ("best_valid_mse", "best valid mse 0.25"),
        ("relative_error", "relative error 0.25"),
        ("mean_error", "mean error 0.25"),
    ],
)
def test_figures_of_stages_are_percent_for_shares_alone(name: str, text: str) -> None:
    assert figure(name, 0.25) == text
