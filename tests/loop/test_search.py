"""A whole search: rounds, pool, arms, winner, what it writes and says, and what it may not see."""

import math
from dataclasses import replace

import pytest
import torch
from tests.loop.conftest import MICRO, Recorder

import bnao.api as api
from bnao.data import held_out
from bnao.data.images import Images
from bnao.errors import BnaoError, RunError, SettingError
from bnao.evaluation.measure import measure
from bnao.loop.config import LoopConfig, RerankConfig
from bnao.loop.result import read_result
from bnao.loop.run import stage_names
from bnao.objective.info import MetricInfo
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.storage import RunFolder
from bnao.supernet import Supernet


def equal_runs(first, second) -> None:
    """Pool, scores, weights and winner are identical."""
    with RunFolder.open(first.path).pool() as one, RunFolder.open(second.path).pool() as two:
        assert one.digest() == two.digest()
    ours, theirs = first.module.state_dict(), second.module.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert first.summary.winner == second.summary.winner


def test_the_pool_grows_by_rounds_and_every_entry_has_the_last_score(micro):
    result, _ = micro
    with RunFolder.open(result.path).pool() as pool:
        entries = pool.entries()
        assert pool.count_by_round() == {1: 8, 2: 4}
    assert len({e.id for e in entries}) == 12
    grammar = make_space(MICRO.space).grammar
    assert all(grammar.parse(e.text).is_canonical for e in entries)
    assert all(e.score_round == 2 for e in entries)
    assert {e.origin for e in entries if e.round == 1} == {"random"}
    assert result.summary.pool_by_round == [8, 4]


def test_the_searched_arm_is_the_top_of_the_whole_pool(micro):
    result, _ = micro
    with RunFolder.open(result.path).pool() as pool:
        best = [e.id for e in pool.best(2)]
    assert sorted(t.id for t in result.summary.trained if t.arm == "searched") == sorted(best)


def test_both_arms_have_one_size_choose_on_validation_and_measure_one(micro):
    summary = micro[0].summary
    for arm in ("searched", "random"):
        trained = [t for t in summary.trained if t.arm == arm]
        assert len(trained) == 2
        assert trained[0].valid_metric == max(t.valid_metric for t in trained)
        assert [t.test_metric is not None for t in trained] == [True, False]
    ours, theirs = (next(t for t in summary.trained if t.arm == arm).test_metric for arm in ("searched", "random"))
    assert summary.gain == ours - theirs
    assert summary.winner.id == summary.trained[0].id


@pytest.mark.parametrize("seed", [1, 12])  # with seed 12 the winner was a proposal that was not drawn canonical
def test_the_winner_is_a_plain_module_with_the_measured_accuracy(seed, micro, tmp_path):
    config = replace(MICRO, seed=seed)
    result = micro[0] if seed == MICRO.seed else api.search(config, tmp_path / "run")
    module = result.module
    assert not module.training
    data, held = held_out.load(config.data, config.seed)
    assert result.normalisation == (data.train.mean_C.tolist(), data.train.std_C.tolist())
    assert measure(module, held.open().images).metric == pytest.approx(result.accuracy, abs=1e-9)
    assert sum(p.numel() for p in module.parameters()) == result.summary.winner.num_params
    counted = api.size(result.summary.winner.architecture, MICRO.space, MICRO.final.network, input_size=8)
    assert (counted["num_params"], counted["macs"]) == (
        result.summary.winner.num_params,
        result.summary.winner.macs,
    )


def test_what_was_written_reads_back(micro):
    result, recorder = micro
    run = RunFolder.open(result.path)
    assert run.status == "finished"
    assert read_result(run) == result.summary
    assert run.events()[-1]["event"] == "search_finished"
    assert [f["stage"] for f in recorder.of("stage_finished")] == stage_names(MICRO)
    assert list(result.summary.stage_seconds) == stage_names(MICRO)


def test_progress_reaches_the_announced_total(micro):
    _, recorder = micro
    totals = {f["stage"]: f["total"] for f in recorder.of("stage_started")}
    for stage, total in totals.items():
        done = [f["done"] for f in recorder.of("stage_progress") if f["stage"] == stage]
        assert done == sorted(done)
        if total is not None and not stage.startswith("controller"):
            assert done[-1] == total


def test_equal_seeds_give_equal_searches_to_the_bit(micro, tmp_path):
    again = api.search(MICRO, tmp_path / "again", recipe="micro")
    equal_runs(micro[0], again)


def test_the_test_set_is_opened_once_and_after_every_choice(tmp_path, monkeypatch):
    opened: list[int] = []
    recorder = Recorder()
    original = held_out.HeldOut.open

    def opening(self):
        opened.append(len(recorder.of("stage_finished")))
        return original(self)

    monkeypatch.setattr(held_out.HeldOut, "open", opening)
    config = replace(MICRO, loop=LoopConfig(pool=4, rounds=1))
    api.search(config, tmp_path / "run", listener=recorder)
    assert opened == [len(stage_names(config)) - 1]


def test_labels_of_the_test_set_cannot_change_the_search(micro, tmp_path, monkeypatch):
    """Shuffling the held-out labels changes the measured figures and nothing else."""
    original = held_out.HeldOut.open

    def scrambled(self):
        test = original(self)
        images = test.images
        moved = Images(
            images_NCHW=images.images_NCHW,
            labels_N=(images.labels_N + 1) % 10,
            mean_C=images.mean_C,
            std_C=images.std_C,
        )
        return replace(test, images=moved)

    monkeypatch.setattr(held_out.HeldOut, "open", scrambled)
    other = api.search(MICRO, tmp_path / "run", recipe="micro")
    assert other.summary.winner.architecture == micro[0].summary.winner.architecture
    ours, theirs = micro[0].module.state_dict(), other.module.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("mode", ["fine_tune", "inherit", "rerank"])
def test_other_ways_to_deliver(mode, tmp_path):
    config = replace(
        MICRO,
        loop=LoopConfig(pool=4, rounds=1),
        rerank=replace(MICRO.rerank, random=0),
        final=replace(MICRO.final, mode=mode),
    )
    result = api.search(config, tmp_path / "run")
    assert result.summary.winner.output == ("concat" if mode == "rerank" else "project")
    assert result.summary.gain is None
    assert ("final" in result.summary.stage_seconds) == (mode != "rerank")
    assert sum(p.numel() for p in result.module.parameters()) == result.summary.winner.num_params


@pytest.mark.parametrize("proposer", ["random", "evolution"])
def test_other_proposers_on_the_same_seam(proposer, tmp_path):
    config = replace(
        MICRO, controller=replace(MICRO.controller, proposer=proposer), final=replace(MICRO.final, mode="rerank")
    )
    assert api.search(config, tmp_path / "run").summary.pool_size == 12


def test_inheriting_starts_from_the_weights_that_were_scored(tmp_path):
    """With a learning rate of nearly zero the delivered parameters are the supernet's."""
    still = replace(MICRO.final.training, learning_rate=1e-30, final_learning_rate=0.0)
    config = replace(
        MICRO, loop=LoopConfig(pool=4, rounds=1), final=replace(MICRO.final, mode="fine_tune", training=still)
    )
    result = api.search(config, tmp_path / "run")
    load_spaces()
    space = make_space(config.space)
    task = held_out.load(config.data, config.seed)[0].task
    supernet = Supernet(space.skeleton(config.supernet.network, task).build_supernet())
    supernet.root.load_state_dict(RunFolder.open(result.path).read_checkpoint("supernet.pt")["weights"])
    path = supernet.path(space.grammar.parse(result.summary.winner.architecture))
    delivered = dict(result.module.named_parameters())
    for name, parameter in path.named_parameters():
        torch.testing.assert_close(delivered[name], parameter, rtol=0.0, atol=1e-20)


def test_arms_of_unequal_size_are_not_compared(tmp_path):
    config = replace(
        MICRO,
        loop=LoopConfig(pool=4, rounds=1),
        rerank=replace(MICRO.rerank, random=1),
        final=replace(MICRO.final, mode="rerank"),
    )
    summary = api.search(config, tmp_path / "run").summary
    assert summary.gain is None
    assert any("no gain is reported" in text for text in summary.warnings)


def test_a_space_smaller_than_the_pool_is_exhausted_with_a_warning(tmp_path):
    space = replace(MICRO.space, nodes=1, operations="identity,max_pool_3x3")
    config = replace(MICRO, space=space, loop=LoopConfig(pool=200, rounds=2, proposals=4))
    summary = api.search(config, tmp_path / "run").summary
    load_spaces()
    assert summary.pool_size == make_space(space).grammar.count() == 100
    assert any("fewer than 200" in text for text in summary.warnings)


@pytest.mark.parametrize(
    ("values", "higher_is_better", "best"),
    [([0.5, math.nan, 0.7], True, 0.7), ([0.5, math.nan, 0.7], False, 0.5), ([math.nan], True, math.nan)],
)
def test_the_best_metric_is_of_those_that_have_one(values, higher_is_better, best):
    assert MetricInfo(higher_is_better=higher_is_better).best(values) == pytest.approx(best, nan_ok=True)


def test_an_interrupted_search_leaves_a_readable_run(tmp_path):
    class Stop:
        def event(self, kind, **fields):
            if kind == "stage_started" and fields["stage"] == "rerank":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        api.search(MICRO, tmp_path / "run", listener=Stop())
    run = RunFolder.open(tmp_path / "run")
    assert run.status == "running"
    assert run.has("supernet.pt")
    with run.pool() as pool:
        assert len(pool) == 12
    with pytest.raises(RunError, match="another run"):
        api.search(MICRO, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rerank": RerankConfig(top=9, network=MICRO.rerank.network, training=MICRO.rerank.training)}, "rerank.top"),
        (
            {"supernet": replace(MICRO.supernet, training=replace(MICRO.supernet.training, batch_size=10_000))},
            "batch_size",
        ),
        ({"space": replace(MICRO.space, name="nao_sell")}, "nao_cell"),
        ({"space": replace(MICRO.space, operations="sep_conv_3x3,max_pol_3x3")}, "max_pool_3x3"),
        ({"sampling": replace(MICRO.sampling, policy="uniformm")}, "uniform"),
        ({"controller": replace(MICRO.controller, proposer="nap")}, "nao"),
        ({"final": replace(MICRO.final, network=replace(MICRO.final.network, auxiliary=True))}, "auxiliary"),
    ],
)
def test_contradictions_are_refused_before_training_and_leave_no_run(change, words, tmp_path):
    recorder = Recorder()
    with pytest.raises(SettingError, match=words):
        api.search(replace(MICRO, **change), tmp_path / "run", listener=recorder)
    assert not recorder.of("stage_progress")
    assert not (tmp_path / "run").exists()


def test_missing_data_leaves_no_run(tmp_path):
    config = replace(MICRO, data=replace(MICRO.data, source="npz:missing.npz"))
    with pytest.raises(BnaoError, match="missing"):
        api.search(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
