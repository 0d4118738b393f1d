"""A plan's stages are the search's, and their times follow from the costs and the settings."""

from dataclasses import replace

import pytest
from tests.loop.conftest import MICRO
from tests.loop.plan.conftest import COSTS, LONG, workbench

from bnao.loop.early_check import is_planned
from bnao.loop.plan.stages import OTHER, fit_epochs, stage_estimates
from bnao.loop.plan.total import make_plan
from bnao.loop.stage_names import stage_names

SPENT = {"data": 1.0}


@pytest.mark.parametrize("when", ["never", "always"])
@pytest.mark.parametrize("mode", ["retrain", "rerank", "inherit", "fine_tune"])
def test_stages_are_those_of_the_search(long, when, mode):
    config = replace(LONG, final=replace(LONG.final, mode=mode), check=replace(LONG.check, when=when))
    bench = replace(long, config=config)
    plan = make_plan(bench, COSTS, SPENT, begun=False)
    assert [s.name for s in plan.stages] == [*stage_names(config, check=is_planned(bench)), OTHER]
    assert all(0 <= s.seconds.low <= s.seconds.middle <= s.seconds.high for s in plan.stages)
    assert plan.total.middle == pytest.approx(sum(s.seconds.middle for s in plan.stages))
    assert sum(s.seconds.low for s in plan.stages) <= plan.total.low
    assert plan.total.high <= sum(s.seconds.high for s in plan.stages)


def test_times_are_steps_times_their_cost(long):
    found = stage_estimates(long, COSTS, SPENT, begun=False)
    assert found["supernet-1"].seconds == pytest.approx(8 * 7 * 0.1)  # 240 images in batches of 32
    assert found["scoring-1"].seconds == pytest.approx(64 * 0.05)
    assert found["scoring-3"].seconds == pytest.approx((64 + 2 * 16) * 0.05)
    assert found["controller-2"].seconds == pytest.approx(0.2 + 3 * 0.001 * 80, rel=0.2)
    assert found["final"].seconds == pytest.approx(12 * 9 * 0.1 + 0.05)


def test_a_space_that_is_exhausted_ends_the_search(long):
    found = stage_estimates(long, replace(COSTS, space=50), SPENT, begun=False)
    assert found["scoring-1"].seconds == pytest.approx(50 * 0.05)
    assert found["supernet-2"].seconds == found["scoring-2"].seconds == 0


def test_epochs_of_a_controller_that_stops_early_are_a_range():
    fixed = replace(LONG.controller, early_stop=False, epochs=50)
    assert fit_epochs(replace(LONG, controller=fixed), 80, first=True) == (50, 50, 50)
    early = replace(fixed, early_stop=True, epochs=1000)
    low, middle, high = fit_epochs(replace(LONG, controller=early), 80, first=True)
    assert 11 <= low < middle < high < 1000
    later = fit_epochs(replace(LONG, controller=early), 80, first=False)
    assert later[0] == 11 and later[2] == middle


def test_memory_counts_what_stays(long):
    plan = make_plan(long, COSTS, SPENT, begun=False)
    memory = {s.name: s.memory_bytes for s in plan.stages}
    assert memory["supernet-1"] == 104_000_000 and memory["rerank"] == 103_000_000
    assert plan.peak_bytes == 104_000_000


def test_another_run_s_supernet_is_not_trained(long):
    config = replace(LONG, supernet=replace(LONG.supernet, source="other"))
    names = list(stage_estimates(replace(long, config=config), COSTS, SPENT, begun=False))
    assert not [name for name in names if name.startswith("supernet")]


def test_micro_has_a_test_set_that_no_plan_opens(monkeypatch):
    bench = workbench(MICRO)
    monkeypatch.setattr(type(bench.held_out), "open", lambda self: pytest.fail("opened"))
    assert make_plan(bench, COSTS, SPENT, begun=False).stage("measure").middle > 0
