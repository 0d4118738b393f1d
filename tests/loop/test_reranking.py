"""The re-ranking in rounds, and the finalists: what is trained, what is recorded, what is delivered."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import norm, rankdata
from tests.loop.conftest import MICRO, Enough, Recorder, StopAt
from tests.resume.outcome import outcome

import bnao
import bnao.api as api
from bnao.errors import SettingError
from bnao.loop.by_size import first_to_train, raised_scores
from bnao.loop.config import FinalConfig, RerankConfig
from bnao.loop.dry.search import try_search
from bnao.loop.stage_names import alone_training, stage_names
from bnao.loop.stages import StageLog
from bnao.spaces.config import SpaceConfig
from bnao.storage import RunFolder
from bnao.training.loop import num_steps

RERANK = replace(MICRO.rerank, rounds=3, finalists=2, finalist_factor=3.0)
CONFIG = replace(MICRO, rerank=RERANK, final=FinalConfig(mode="rerank"))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return api.search(CONFIG, tmp_path_factory.mktemp("rounds") / "run", recipe="micro")


def arm(result, name: str):
    return [t for t in result.summary.trained if t.arm == name]


def test_each_round_trains_others_and_the_first_the_top_of_the_pool(found):
    searched = arm(found, "searched")
    assert len({t.id for t in searched}) == len(searched) == 6
    by_stage = {stage: {t.id for t in searched if t.stage == stage} for stage in ("rerank", "rerank-2", "rerank-3")}
    assert [len(ids) for ids in by_stage.values()] == [2, 2, 2]
    with RunFolder.open(found.path).pool() as pool:
        assert by_stage["rerank"] == {e.id for e in pool.best(2)}


def test_the_size_counts_as_much_as_it_is_said_to(found, tmp_path):
    with RunFolder.open(found.path).pool() as pool:
        scored = pool.best(len(pool))
        assert first_to_train(pool, 9, 0.0) == scored[:9]
        by_size = sorted(scored, key=lambda e: -e.num_params)
        assert [e.num_params for e in first_to_train(pool, 9, 1000.0)] == [e.num_params for e in by_size[:9]]
        ranks = np.array([rankdata([e.score for e in scored]), rankdata([e.num_params for e in scored])])
        alike = norm.ppf((ranks - 0.5) / len(scored)).sum(axis=0)
        assert raised_scores(scored, 1.0) == pytest.approx(alike)
        assert first_to_train(pool, 3, 1.0)[0] == scored[int(alike.argmax())]
        large = {e.id for e in first_to_train(pool, 2, 1000.0)}
    config = replace(CONFIG, rerank=replace(RERANK, rounds=2, size_weight=1000.0))
    again = api.search(config, tmp_path / "run", recipe="micro")
    trained = {t.id for t in arm(again, "searched") if t.stage == "rerank"}
    assert trained == large and trained != {t.id for t in arm(found, "searched") if t.stage == "rerank"}
    assert bnao.verify(again.path).ok


def test_as_many_random_ones_and_the_best_of_each_arm_is_compared(found):
    searched, random = arm(found, "searched"), arm(found, "random")
    assert len(random) == 6 and {t.stage for t in random} == {"random"}
    for each in (searched, random):
        assert each[0].valid_metric == max(t.valid_metric for t in each)
    assert found.summary.gain == searched[0].test_metric - random[0].test_metric


def test_every_searched_network_has_the_score_of_the_supernet(found):
    with RunFolder.open(found.path).pool() as pool:
        scores = {e.id: e.score for e in pool.entries()}
    assert all(t.score is not None for t in arm(found, "searched"))
    assert all(t.score == scores[t.id] for t in arm(found, "searched") if t.id in scores)
    assert bnao.verify(found.path).ok


def test_the_winner_is_the_best_finalist_with_its_weights(found):
    searched, finalists = arm(found, "searched"), arm(found, "finalist")
    assert {t.id for t in finalists} == {t.id for t in searched[:2]}
    assert finalists[0].valid_metric == max(t.valid_metric for t in finalists)
    assert found.summary.winner.id == finalists[0].id
    assert found.accuracy == pytest.approx(finalists[0].test_metric, abs=1e-9)
    state, _ = RunFolder.open(found.path).read_weights(f"finalists-{finalists[0].id}.safetensors")
    delivered = found.module.state_dict()
    assert all(torch.equal(state[name], delivered[name]) for name in delivered)


def test_finalists_are_trained_by_the_factor_longer(found):
    steps = num_steps(alone_training(CONFIG, "rerank"), 240)
    assert num_steps(alone_training(CONFIG, "finalists"), 240) == 3 * steps
    starts = [e for e in RunFolder.open(found.path).events() if e["event"] == "stage_started"]
    totals = {e["stage"]: e["total"] for e in starts}
    assert totals["rerank-2"] == 2 * steps and totals["finalists"] == 2 * 3 * steps


def test_stages_are_those_that_were_named(found):
    assert list(found.summary.stage_seconds) == stage_names(CONFIG)


def test_stopped_at_each_choice_and_training_and_resumed_to_the_same_bits(found, tmp_path):
    path = tmp_path / "run"
    for stage in ("choose-2", "rerank-2", "choose-3", "finalists"):
        stop = StopAt("stage_started", 1, stage=stage)
        with pytest.raises(Enough):
            if path.exists():
                api.resume(path, listener=stop)
            else:
                api.search(CONFIG, path, recipe="micro", listener=stop)
    api.resume(path)
    assert outcome(path) == outcome(found.path)


def test_an_exhausted_space_ends_the_rounds(tmp_path):
    config = replace(
        MICRO,
        space=SpaceConfig(nodes=1, operations="identity"),
        loop=replace(MICRO.loop, pool=2, rounds=1),
        rerank=replace(MICRO.rerank, top=2, rounds=9, random=0),
        final=FinalConfig(mode="rerank"),
    )
    result = api.search(config, tmp_path / "run")
    ids = [t.id for t in arm(result, "searched")]
    assert 2 < len(set(ids)) == len(ids) < 18, "each architecture of the space once"
    assert any("re-ranking ends" in text for text in result.summary.warnings)


def test_the_dry_run_says_what_is_trained():
    facts = dict(try_search(CONFIG, StageLog(Recorder())).facts)
    assert facts["stand-alone"].startswith("6 searched and 6 random ones, 2 finalists")


@pytest.mark.parametrize(
    "changes", [{"rounds": 0}, {"finalists": -1}, {"top": 2, "rounds": 2, "finalists": 5}, {"finalist_factor": 1.0}]
)
def test_impossible_settings_are_refused(changes):
    with pytest.raises(SettingError, match="received"):
        RerankConfig(**changes)
