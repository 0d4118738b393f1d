"""Another budget from the same supernet, limits of a search, and what a pool starts from."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO, Enough, Recorder, StopAt
from tests.resume.outcome import outcome

import bnao.api as api
from bnao.controller import ControllerConfig, make_proposer
from bnao.cost.limits import Limits
from bnao.errors import ArchitectureError, RunError, SettingError
from bnao.loop.config import LoopConfig
from bnao.loop.events import Silent
from bnao.loop.rounds import Rounds, controller_config
from bnao.loop.run import prepare, stage_names
from bnao.loop.shared_weights import make_shared
from bnao.loop.stages import StageLog
from bnao.rng import generator
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.storage import RunFolder
from bnao.storage.pool_csv import pool_entries, write_csv_file


def median_params(result: api.Result) -> int:
    sizes = sorted(entry.num_params for entry in pool_entries(RunFolder.open(result.path).pool_path))
    return sizes[len(sizes) // 2]


def test_a_pick_keeps_its_limit_and_trains_no_supernet(micro, tmp_path: Path) -> None:
    source, recorder = micro[0], Recorder()
    limit = median_params(source)
    before = outcome(source.path)
    result = api.pick(source.path, tmp_path / "small", max_params=limit, listener=recorder)
    assert outcome(source.path) == before
    assert result.summary.winner.num_params <= limit
    assert sum(p.numel() for p in result.module.parameters()) == result.summary.winner.num_params
    assert all(e.num_params <= limit for e in pool_entries(RunFolder.open(result.path).pool_path))
    stages = [f["stage"] for f in recorder.of("stage_finished")]
    assert stages == [name for name in stage_names(MICRO) if not name.startswith("supernet")]
    given = {e.id for e in pool_entries(RunFolder.open(source.path).pool_path) if e.num_params <= limit}
    assert {e.id for e in pool_entries(RunFolder.open(result.path).pool_path) if e.origin == "given"} == given


def test_the_same_architecture_gets_the_same_score_from_the_same_supernet(micro, tmp_path: Path) -> None:
    source = micro[0]
    result = api.pick(source.path, tmp_path / "all", max_params=10**9)
    before = {e.id: e.score for e in pool_entries(RunFolder.open(source.path).pool_path)}
    after = {e.id: e.score for e in pool_entries(RunFolder.open(result.path).pool_path)}
    assert before.items() <= after.items()


def test_a_killed_pick_goes_on_without_its_source(micro, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(micro[0].path, source)

    undisturbed = api.pick(source, tmp_path / "one", max_params=10**9)
    with pytest.raises(Enough):
        api.pick(source, tmp_path / "two", max_params=10**9, listener=StopAt("stage_finished", stage="controller-1"))
    source.rename(tmp_path / "elsewhere")
    api.resume(tmp_path / "two")
    assert outcome(tmp_path / "two") == outcome(undisturbed.path)


@pytest.mark.parametrize(
    ("limits", "words"),
    [({}, "a pick needs a limit"), ({"max_params": 10}, "max_params"), ({"max_macs": 1}, "max_macs")],
)
def test_impossible_picks_are_refused_before_anything_is_written(limits, words: str, micro, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=words):
        api.pick(micro[0].path, tmp_path / "none", **limits)
    assert not (tmp_path / "none").exists()


def test_a_source_that_has_not_finished_or_differs_is_refused(micro, tmp_path: Path) -> None:
    unfinished = RunFolder.create(tmp_path / "run", config=MICRO, recipe="micro")
    with pytest.raises(RunError, match="not finished: go on with it"):
        api.pick(unfinished.path, tmp_path / "out", max_params=10**6)
    source = replace(MICRO.supernet, source=str(micro[0].path))
    with pytest.raises(SettingError, match="seed differ"):
        api.search(replace(MICRO, seed=2, supernet=source), tmp_path / "out")


@pytest.mark.parametrize(
    ("controller", "is_taken"),
    [
        (MICRO.controller, True),
        (replace(MICRO.controller, proposer="evolution"), False),
        (replace(MICRO.controller, hidden=8), False),
    ],
)
def test_the_source_s_controller_is_taken_where_its_settings_are_the_same(
    controller: ControllerConfig, is_taken: bool, tmp_path: Path
) -> None:
    log = StageLog(Silent())
    bench = prepare(MICRO, log)
    proposer = make_proposer(controller_config(MICRO, "cpu"), bench.space.grammar, MICRO.seed)
    with RunFolder.create(tmp_path / "source", config=MICRO, recipe="micro") as source, source.commit() as commit:
        commit.write_checkpoint("supernet.pt", make_shared(bench).weights.state_dict())
        commit.write_checkpoint("controller.pt", proposer.state_dict())
        commit.set_status("finished")
    supernet = replace(MICRO.supernet, source=str(source.path))
    bench = replace(bench, config=replace(MICRO, controller=controller, supernet=supernet))
    with RunFolder.create(tmp_path / "run", config=bench.config, recipe="micro") as run, run.pool() as pool:
        log.attach(run)
        Rounds(bench, run, pool, log)
        assert run.has("supernet.pt") and run.has("controller.pt") == is_taken


def test_a_whole_search_obeys_its_limits(micro, tmp_path: Path) -> None:
    limit = median_params(micro[0])
    result = api.search(replace(MICRO, limits=Limits(max_params=limit)), tmp_path / "run")
    assert result.summary.winner.num_params <= limit
    assert all(e.num_params <= limit for e in pool_entries(RunFolder.open(result.path).pool_path))


def test_known_architectures_come_first_and_scores_teach_the_controller(micro, tmp_path: Path) -> None:
    entries = pool_entries(RunFolder.open(micro[0].path).pool_path)
    write_csv_file([replace(e, score=None) for e in entries[:3]], tmp_path / "few.csv")
    config = replace(MICRO, loop=LoopConfig(pool=8, rounds=1, known=str(tmp_path / "few.csv")))
    result = api.search(config, tmp_path / "few")
    found = pool_entries(RunFolder.open(result.path).pool_path)
    assert [e.id for e in found[:3]] == [e.id for e in entries[:3]]
    assert [e.origin for e in found] == ["given"] * 3 + ["random"] * 5

    load_spaces()
    known = make_space(MICRO.space).grammar.sample_distinct(20, generator(3, "known"))
    rows = "".join(f"{architecture},{k}\n" for k, architecture in enumerate(known))
    (tmp_path / "many.csv").write_text(f"architecture,score\n{rows}")
    config = replace(MICRO, loop=LoopConfig(pool=26, rounds=1, known=str(tmp_path / "many.csv")))
    recorder = Recorder()
    result = api.search(config, tmp_path / "many", listener=recorder)
    origins = [e.origin for e in pool_entries(RunFolder.open(result.path).pool_path)]
    assert origins[:20] == ["given"] * 20 and set(origins[20:]) <= {"gradient", "mutation", "random"}
    assert "controller-0" in result.summary.stage_seconds
    assert [f["stage"] for f in recorder.of("stage_finished")].index("controller-0") == 1


def test_a_bad_line_is_named_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("architecture\n9 9 9\n")
    config = replace(MICRO, loop=replace(MICRO.loop, known=str(tmp_path / "bad.csv")))
    with pytest.raises(ArchitectureError, match="line 2"):
        api.search(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_the_controller_learned_of_known_scores_survives_a_kill(tmp_path: Path) -> None:
    load_spaces()
    known = make_space(MICRO.space).grammar.sample_distinct(20, generator(3, "known"))
    rows = "".join(f"{architecture},{k}\n" for k, architecture in enumerate(known))
    (tmp_path / "known.csv").write_text(f"architecture,score\n{rows}")
    config = replace(MICRO, loop=LoopConfig(pool=24, rounds=2, proposals=4, known=str(tmp_path / "known.csv")))

    undisturbed = api.search(config, tmp_path / "one")
    with pytest.raises(Enough):
        api.search(config, tmp_path / "two", listener=StopAt("stage_finished", stage="scoring-1"))
    (tmp_path / "known.csv").unlink()
    api.resume(tmp_path / "two")
    assert outcome(tmp_path / "two") == outcome(undisturbed.path)
