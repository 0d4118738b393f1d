"""A plan before a search, and a search by a limit of minutes: same streams, same bits, kept in the run."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.loop.conftest import MICRO, Enough, Recorder, StopAt
from tests.loop.plan.conftest import COSTS, Ticking, measure_made_up
from tests.loop.test_own_search import CLASSES, FLAT, Net
from tests.loop.test_own_search import MICRO as OWN
from tests.loop.test_search import equal_runs

import bnao
import bnao.api as api
from bnao.api import searching
from bnao.loop.inputs import read_inputs
from bnao.loop.plan.late import LATE, warn_if_late
from bnao.loop.plan.measure import measure_costs
from bnao.loop.plan.plan import read_plan
from bnao.loop.plan.probe import Probe
from bnao.loop.stage_names import stage_names
from bnao.loop.stages import StageLog, read_progress
from bnao.storage import RunFolder, from_dict

QUICK = Probe(seed=1, seconds=0.0, clock=Ticking())


@pytest.fixture
def quick(monkeypatch):
    """Measurements are real, with a clock of their own and as few as can be."""
    monkeypatch.setattr("bnao.loop.plan.run.Probe", lambda seed, seconds: QUICK)


def test_a_plan_changes_no_stream_and_writes_nothing(quick, micro, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    plan = bnao.plan(MICRO)
    assert random.getstate() == before[0] and np.random.get_state()[1].tolist() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])
    assert list(tmp_path.iterdir()) == []
    assert [s.name for s in plan.stages] == [*stage_names(MICRO), "other"]
    equal_runs(micro[0], api.search(MICRO, tmp_path / "run"))


def test_measuring_leaves_the_workbench_as_it_was(quick, micro, tmp_path):
    """The same bench is measured and then searched with, and the search is that without a plan, to the bit."""
    from bnao.loop.given import NOTHING
    from bnao.loop.run import prepare
    from bnao.loop.team.start import Assembly

    early = searching.Kept()
    log = StageLog(early)
    bench = prepare(MICRO, log)
    measure_costs(bench, QUICK)
    with RunFolder.create(tmp_path / "run", config=MICRO, recipe="custom") as run, Assembly(None, NOTHING) as alone:
        equal_runs(micro[0], searching._run(bench, run, log, early, Recorder(), alone))


def test_a_clock_of_another_kind_gives_costs(long):
    costs = measure_costs(long, Probe(seed=3, seconds=0.0, clock=Ticking()))
    assert costs.step.seconds == pytest.approx(0.01) and costs.rerank.step.seconds == pytest.approx(0.01)
    assert 0.002 < costs.score.seconds < 0.01, "one by one 0.01; by this clock all stages cost alike, some are shared"
    assert costs.supernet_memory > 0 and costs.space is None


MINUTES = 1.0  # so many of made-up costs that the seconds which a busy machine takes do not matter
LIMITED = replace(MICRO, max_minutes=MINUTES)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A finished search by a limit, what it said, and how often it measured."""
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        calls = measure_made_up(patch)
        result = api.search(LIMITED, tmp_path_factory.mktemp("planned") / "run", listener=recorder)
    return result, recorder, len(calls)


@pytest.fixture(scope="module")
def written_out(planned, tmp_path_factory):
    """A search with the planned settings, written out and without a limit."""
    config = from_dict(type(MICRO), RunFolder.open(planned[0].path).manifest.config)
    return api.search(replace(config, max_minutes=None), tmp_path_factory.mktemp("written-out") / "run")


def test_a_limit_is_planned_announced_and_kept(planned):
    result, recorder, measured = planned
    run, plan = RunFolder.open(result.path), result.summary.plan
    assert plan == read_plan(run) and plan.limit_minutes == MINUTES
    [said] = recorder.of("planned")
    assert said["text"] == plan.text and said["high"] <= 60 * MINUTES
    assert plan.settings["supernet.training.epochs"] > 1 == plan.asked["supernet.training.epochs"]
    config = from_dict(type(MICRO), run.manifest.config)
    assert config.supernet.training.epochs == plan.settings["supernet.training.epochs"]
    assert config.max_minutes == MINUTES
    assert list(result.summary.stage_seconds) == stage_names(config)
    assert measured == 1


def test_the_same_plan_gives_the_same_search_as_its_settings_written_out(planned, written_out):
    equal_runs(planned[0], written_out)


def test_a_resumed_run_goes_on_with_its_plan(made_up, tmp_path):
    with pytest.raises(Enough):
        api.search(LIMITED, tmp_path / "run", listener=StopAt("stage_finished", stage="scoring-1"))
    plan = read_plan(RunFolder.open(tmp_path / "run"))
    result = api.resume(tmp_path / "run")
    assert len(made_up) == 1 and result.summary.plan == plan
    config = from_dict(type(MICRO), RunFolder.open(result.path).manifest.config)
    equal_runs(result, api.search(replace(config, max_minutes=None), tmp_path / "whole"))
    assert "plan" in result.summary.stage_seconds


def test_a_kill_after_the_first_commit_keeps_plan_and_times(made_up, tmp_path, monkeypatch):
    def killed(*arguments):
        raise Enough

    monkeypatch.setattr("bnao.loop.run.note_parts", killed)
    with pytest.raises(Enough):
        api.search(LIMITED, tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    plan, progress = read_plan(run), read_progress(run)
    assert plan is not None and plan.limit_minutes == MINUTES
    assert list(progress.seconds) == ["data", "plan"] and read_inputs(run) is not None


def test_a_pick_of_a_limited_run_has_no_limit_of_time(made_up, planned, tmp_path):
    picked = api.pick(planned[0].path, tmp_path / "pick", max_params=10**9)
    assert len(made_up) == 0 and picked.summary.plan is None


def test_a_refused_limit_writes_nothing(made_up, tmp_path):
    with pytest.raises(bnao.BnaoError, match="max_minutes holds at least"):
        api.search(replace(MICRO, max_minutes=0.001), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_of_your_own_is_planned(quick):
    data = {"train": torch.utils.data.TensorDataset(FLAT[:64], CLASSES[:64])}
    plan = bnao.plan(Net, **data, seed=0, epochs=1, settings=OWN)
    assert plan.stage("supernet-1").middle > 0 and plan.stage("final").middle > 0
    limit = bnao.plan(Net, **data, seed=0, epochs=1, settings=OWN, max_minutes=5)
    assert limit.limit_minutes == 5 and limit.total.high <= 300


@pytest.mark.parametrize(
    "changed",
    [
        {"scoring.adapt_steps": 2, "scoring.score": "learning"},
        {"scoring.statistics": "recalibrated", "final.mode": "inherit"},
        {"sampling.policy": "sandwich"},
        {"sampling.over": "space", "supernet.training.average_decay": 0.9},
        {"controller.proposer": "random", "final.mode": "rerank"},
        {"limits.max_macs": 10_000_000, "loop.rounds": 1},
    ],
)
def test_settings_of_all_kinds_are_planned(quick, changed):
    plan = bnao.plan(MICRO, settings=changed)
    assert plan.total.low < plan.total.middle < plan.total.high


def late_log(seconds):
    recorder = Recorder()
    log = StageLog(recorder)
    log.seconds = seconds
    return log, recorder


def test_a_late_supernet_is_told_once(long):
    from bnao.loop.plan.total import make_plan

    plan = replace(make_plan(long, COSTS, {"data": 1.0}, begun=True), limit_minutes=2)
    planned = plan.stage("supernet-1")
    log, recorder = late_log({"data": 1.0, "supernet-1": planned.middle})
    warn_if_late(plan, log, "supernet-1")
    warn_if_late(None, log, "supernet-1")
    assert recorder.events == []
    log.seconds["supernet-1"] = log.seconds["supernet-2"] = 3 * planned.middle
    warn_if_late(plan, log, "supernet-1")
    warn_if_late(plan, log, "supernet-2")
    [warning] = recorder.of("warning")
    assert warning["text"].startswith(LATE) and "max_minutes is 2; no training is shortened" in warning["text"]
