"""Estimates add up with their errors, and come to intervals."""

import numpy as np
import pytest

from bnao.loop.plan.costs import unit_cost
from bnao.loop.plan.interval import DRIFT, Estimate, Z


def test_shared_errors_add_up_and_others_in_quadrature():
    one = Estimate(seconds=10, shared={"step": 3.0}, own=16.0)
    both = one + one
    assert both.shared == {"step": 6.0} and both.own == 32.0
    other = one + Estimate(seconds=10, shared={"score": 3.0})
    error = Z * np.sqrt(9 + 9 + 16)
    assert other.interval().high == pytest.approx((20 + error) * (1 + DRIFT))
    assert other.interval().low == pytest.approx((20 - error) / (1 + DRIFT))


def test_without_errors_the_machine_s_drift_is_left():
    found = Estimate(seconds=60.0).interval()
    assert (found.low, found.high) == (pytest.approx(60 / 1.15), pytest.approx(69.0))
    assert found.high < 2 * found.low


def test_what_is_spent_is_exact_and_a_busy_machine_widens():
    assert vars(Estimate(spent=5.0).interval()) == {"low": 5.0, "middle": 5.0, "high": 5.0}
    idle, busy = Estimate(seconds=10.0).interval(), Estimate(seconds=10.0).interval(0.3)
    assert busy.low < idle.low and busy.high > idle.high and busy.middle == idle.middle


def test_no_interval_begins_below_zero():
    found = Estimate(seconds=1.0, shared={"a": 50.0}, below=3.0).interval()
    assert 0 < found.low <= found.middle <= found.high


def test_timings_are_corrected_by_multiply_adds():
    rng = np.random.default_rng(0)
    drawn = rng.uniform(1e6, 5e6, 400)
    few = np.sort(drawn)[:8]  # only small ones were timed
    found = unit_cost(0.2 + 1e-7 * few, few, drawn)
    assert found.seconds == pytest.approx(0.2 + 1e-7 * drawn.mean(), rel=1e-6)
    assert found.spread == pytest.approx(1e-7 * drawn.std(), rel=1e-6)


def test_time_that_falls_with_multiply_adds_is_noise():
    found = unit_cost([3.0, 2.0, 1.0], [1, 2, 3], [3, 3])
    assert found.seconds == 2.0 and found.error > 0.5


def test_one_hiccup_does_not_count_whole():
    assert unit_cost([1.0, 1.0, 1.0, 1.0, 100.0], [1] * 5, [1]).seconds == pytest.approx(7 / 5)
