import math

import pytest

from bnao.report.format import clock, count, duration, figure, figures, magnitude, percent, points, to_ascii


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (-1, "0.0 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min"), (86399, "1 d 00 h"),
     (math.inf, "unknown"), (math.nan, "unknown")],
)  # fmt: skip
def test_duration_has_no_seam(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers() -> None:
    assert (count(614870), magnitude(614870), magnitude(9_999), percent(0.745), points(-0.002)) == (
        "614,870", "614.9 k", "10.00 k", "74.5 %", "-0.20",
    )  # fmt: skip
    assert clock(59.9) == "0:59"


def test_figures_of_every_kind() -> None:
    values = {"loss": math.nan, "test_accuracy": 0.9, "note": "x", "steps": 12000, "train_seconds": 61.0, "lr": 0.00025}
    assert figures(values) == "loss nan · test accuracy 90.0 % · note x · steps 12,000 · train 1 min 01 s · lr 0.00025"
    assert figures(None) == "" and figure("ok", True) == "ok True"


def test_ascii() -> None:
    assert to_ascii("±·●─▶é") == "+/--o->?"
