"""The early check says what it finds, goes on after a stop, and changes nothing of the search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.loop.conftest import MICRO, Enough, Recorder, StopAt
from tests.resume.outcome import outcome

import bnao
import bnao.api as api
from bnao.errors import NumericalError, SettingError
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.measure import measure
from bnao.loop.check_result import read_check
from bnao.loop.config import CheckConfig, LoopConfig
from bnao.loop.early_check import _num_paths, _scoring_passes, _words, cost_share, is_planned
from bnao.loop.events import Several
from bnao.loop.result import read_result
from bnao.loop.run import stage_names
from bnao.loop.team import jobs
from bnao.loop.unread import unread_settings
from bnao.loop.workbench import make_workbench
from bnao.objective import MetricInfo
from bnao.ranking import kendall, report
from bnao.recipes import load_recipe
from bnao.rng import generator
from bnao.sampling.config import SamplingConfig
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage import RunFolder
from bnao.training.device import threads
from bnao.training.standalone import train_standalone

CHECKED = replace(MICRO, save_seconds=0.0, check=CheckConfig(when="always", architectures=5))


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recorder]:
    """A search with the check, stopped within the check and gone on with."""
    folder, recorder = tmp_path_factory.mktemp("checked") / "run", Recorder()
    with pytest.raises(Enough):
        api.search(CHECKED, folder, recipe="micro", listener=StopAt("stage_progress", 10, stage="check"))
    assert RunFolder.open(folder).has("running.pt")
    api.resume(folder, listener=recorder)
    return folder, recorder


def test_the_search_is_the_same_without_it(checked: tuple[Path, Recorder], micro: tuple[api.Result, object]) -> None:
    with_check, without = outcome(checked[0]), outcome(micro[0].path)
    own = {"check.json", "progress.json", "result.json"}  # which tell of it
    assert {k: v for k, v in with_check.items() if k not in own} == {k: v for k, v in without.items() if k not in own}
    one, other = (read_result(RunFolder.open(path)) for path in (checked[0], micro[0].path))
    assert one.winner == other.winner and one.gain == other.gain


def test_a_stopped_training_ends_with_the_bits_of_an_undisturbed_one(checked: tuple[Path, Recorder]) -> None:
    result, bench = read_check(RunFolder.open(checked[0])), make_workbench(CHECKED, begun=True)
    assert result is not None
    row = result.rows[1]  # the one that was stopped
    with threads(1):
        trained = train_standalone(
            bench.rerank.skeleton, bench.space.grammar.parse(row.architecture), bench.data.train,
            CHECKED.rerank.training, seed=CHECKED.seed, stage=f"check-{row.id}",
        )  # fmt: skip
        assert measure(trained.module, bench.data.valid).metric == row.metric


def test_score_is_of_round_1_and_truth_of_the_validation_images(checked: tuple[Path, Recorder]) -> None:
    run = RunFolder.open(checked[0])
    result = read_check(run)
    assert result is not None and result.report is not None and len(result.rows) == 5
    with run.pool() as pool:
        scores = pool.scores_of(1)
    assert [row.score for row in result.rows] == [scores[row.id] for row in result.rows]
    images = 60  # a fifth of 300
    assert all((row.metric * images) % 1 == pytest.approx(0, abs=1e-6) for row in result.rows)
    tau = kendall([row.score for row in result.rows], [row.metric for row in result.rows])
    assert result.report.score.overall.kendall.value in (None, pytest.approx(tau))


def test_it_is_told(checked: tuple[Path, Recorder]) -> None:
    folder, recorder = checked
    result = read_check(RunFolder.open(folder))
    assert result is not None
    assert [event["text"] for event in recorder.of("check")] == [result.text]
    assert "check" in recorder.of("search_started")[0]["stages"]
    assert "5 networks trained alone" in (folder / "report.html").read_text(encoding="utf-8")
    assert stage_names(MICRO, check=True)[:5] == ["data", "supernet-1", "scoring-1", "check", "controller-1"]


def test_a_training_that_diverges_ends_the_check_and_not_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = jobs.train_standalone

    def diverging(*values: object, **named: object) -> object:
        if named["stage"].startswith("check"):
            raise NumericalError("the training loss must stay finite")
        return train(*values, **named)

    monkeypatch.setattr(jobs, "train_standalone", diverging)
    recorder = Recorder()
    with pytest.raises(Enough):
        listener = Several(recorder, StopAt("stage_finished", stage="controller-1"))
        api.search(CHECKED, tmp_path / "run", listener=listener)
    assert any("given up, for a training diverged" in event["text"] for event in recorder.of("warning"))
    run = RunFolder.open(tmp_path / "run")
    found = read_check(run)
    assert found is not None and found.report is None and not [name for name in run.manifest.files if "check-" in name]


def test_a_worthless_ranking_is_a_warning_with_a_remedy() -> None:
    truth = np.linspace(0.5, 0.6, 10)
    against = report(-truth, truth, np.arange(1, 11))
    assert against.verdict.kind == "worthless"
    text = _words(against)
    assert "no sign that the score ranks better than chance" in text
    assert "Ctrl-C" in text and "supernet.training.epochs" in text and text.endswith("The search goes on")
    assert "better than chance; how much" in _words(report(truth, truth, np.full(10, 7)))
    by_size = _words(report(truth, truth, np.arange(1, 11)))
    assert by_size.endswith("better than chance, but among these a size count does as well")
    assert "says nothing" in _words(report(truth, np.full(10, 0.5), np.arange(1, 11)))
    unclear = report([3, 1, 4, 2, 5, 8, 6, 7, 9, 0], truth, np.arange(1, 11))
    assert "do not tell whether" in _words(unclear)
    less = MetricInfo(name="mse", higher_is_better=False, is_share=False)
    losses = report(truth, 90 - 30 * truth, np.arange(1, 11), metric=less)
    assert "score and mse (lower is better; agreement is above 0) is 1.00" in _words(losses, less)


def test_auto_compares_the_planned_costs() -> None:
    bench = make_workbench(MICRO)
    share = cost_share(bench)
    longer = replace(MICRO, final=replace(MICRO.final, training=replace(MICRO.final.training, epochs=100)))
    assert share > 0.5 > cost_share(replace(bench, config=longer))
    roomy = replace(longer, loop=LoopConfig(pool=20, rounds=2, proposals=4))
    assert not is_planned(bench) and is_planned(replace(bench, config=roomy))
    assert not is_planned(replace(bench, config=replace(roomy, check=CheckConfig(when="never"))))
    assert is_planned(replace(bench, config=CHECKED)) and not is_planned(make_workbench(load_recipe("demo")))


def test_settings() -> None:
    with pytest.raises(SettingError, match=r"check.architectures is at most the pool's size, 8; received 10"):
        replace(MICRO, check=CheckConfig(when="always"))
    assert unread_settings(replace(MICRO, check=CheckConfig(when="never", architectures=7))) == [
        "check.architectures is not used with check.when never"
    ]


@pytest.mark.parametrize(("policy", "paths"), [("fair", 5), ("sandwich", 4)])
def test_the_planned_cost_counts_every_path_of_a_step(policy: str, paths: int) -> None:
    bench = make_workbench(replace(MICRO, sampling=SamplingConfig(policy="uniform", over="space")))
    several = replace(bench, config=replace(bench.config, sampling=SamplingConfig(policy=policy, over="space")))
    few = bench.feasible.sample_distinct(2, generator(0, "few"))
    assert (_num_paths(bench, few), _num_paths(several, few)) == (1, paths)
    assert cost_share(several) < cost_share(bench)


def test_the_planned_cost_counts_what_scoring_trains() -> None:
    assert _scoring_passes(ScoringConfig(images=50), train=240, valid=60) == 50
    assert (
        _scoring_passes(ScoringConfig(adapt_steps=10, adapt_batch_size=500), train=240, valid=60) == 60 + 3 * 10 * 240
    )
    recalibrated = ScoringConfig(statistics="recalibrated", recalibration_batches=2, batch_size=100)
    assert _scoring_passes(recalibrated, train=240, valid=60) == 60 + 200


def test_a_pool_too_small_to_rank_is_told_and_the_search_ends_well(tmp_path: Path) -> None:
    network = NetworkConfig(channels=4)
    two = SpaceConfig(name="mobile", depths="1", strides="1", widths="2", kernels="3", expansions="1,2")
    config = replace(
        CHECKED, space=two, loop=LoopConfig(pool=10, rounds=1),
        supernet=replace(MICRO.supernet, network=replace(network, output="project")),
        rerank=replace(MICRO.rerank, network=network, top=1), final=replace(MICRO.final, network=network),
    )  # fmt: skip
    result = api.search(config, tmp_path / "run")
    [text] = [text for text in result.summary.warnings if "early check" in text]
    assert "given up, for the pool has 2 architectures, and a ranking needs 3; the search goes on" in text
    found = read_check(RunFolder.open(tmp_path / "run"))
    assert found is not None and found.report is None and found.rows == []
    assert bnao.verify(tmp_path / "run").ok
