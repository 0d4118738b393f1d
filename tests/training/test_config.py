"""Trainings that cannot work are refused."""

from __future__ import annotations

import re
from math import inf, nan

import pytest

from bnao.errors import SettingError
from bnao.training.config import TrainingConfig

NUMBERS = (
    "epochs",
    "learning_rate",
    "final_learning_rate",
    "decay",
    "momentum",
    "weight_decay",
    "clip_norm",
    "auxiliary_weight",
    "label_smoothing",
    "average_decay",
)
BAD = [
    ("epochs", 0.0),
    ("learning_rate", 0.0),
    ("final_learning_rate", -0.001),
    ("final_learning_rate", 0.026),
    ("decay", 0.0),
    ("decay", 1.01),
    ("momentum", -0.1),
    ("momentum", 1.0),
    ("weight_decay", -1e-9),
    ("clip_norm", 0.0),
    ("auxiliary_weight", -0.1),
    ("label_smoothing", 1.0),
    ("average_decay", 1.0),
]


@pytest.mark.parametrize(("name", "value"), BAD + [(name, value) for name in NUMBERS for value in (nan, inf, -inf)])
def test_values_out_of_range_are_refused_by_name(name, value):
    with pytest.raises(SettingError, match=rf"^{name} .*received {re.escape(repr(value))}: "):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize("name", ["final_learning_rate", "momentum", "weight_decay", "auxiliary_weight"])
def test_zero_is_a_value(name):
    assert getattr(TrainingConfig(**{name: 0.0}), name) == 0.0


def test_ends_of_ranges():
    TrainingConfig(learning_rate=0.01, final_learning_rate=0.01, decay=1.0)


def test_a_final_rate_that_is_not_read_is_not_compared():
    small = TrainingConfig(learning_rate=1e-4, schedule="exponential")
    assert small.final_learning_rate > small.learning_rate
    with pytest.raises(SettingError, match=r"at most learning_rate, 0\.0001"):
        TrainingConfig(learning_rate=1e-4)


def test_an_average_needs_weights_that_stand_still():
    TrainingConfig(average_decay=0.999)
    TrainingConfig(inactive="moving")
    with pytest.raises(SettingError, match=r"received .*moving.*set inactive to frozen"):
        TrainingConfig(average_decay=0.999, inactive="moving")
