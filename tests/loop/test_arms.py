"""What a stage of stand-alone trainings says of all of them does not depend on the order of its candidates."""

from __future__ import annotations

import itertools
import math

import pytest

from bnao.loop.arms import arm_figures
from bnao.objective.info import ACCURACY, MetricInfo

ERROR = MetricInfo(name="error", higher_is_better=False)


@pytest.mark.parametrize(("metric", "best"), [(ACCURACY, 0.75), (ERROR, 0.25)])
def test_a_network_without_a_metric_changes_no_figure_of_the_others(metric: MetricInfo, best: float) -> None:
    expected = {f"best_valid_{metric.name}": best, f"mean_valid_{metric.name}": 0.5}
    assert arm_figures([0.25, 0.75], metric) == expected
    for values in itertools.permutations([0.25, math.nan, 0.75]):
        assert arm_figures(values, metric) == expected


def test_figures_of_networks_that_all_have_none_are_not_defined() -> None:
    assert all(map(math.isnan, arm_figures([math.nan, math.nan], ACCURACY).values()))


def test_a_mean_is_of_finite_figures() -> None:
    assert arm_figures([0.5, math.inf], ERROR) == {"best_valid_error": 0.5, "mean_valid_error": 0.5}
