"""A whole training: what is measured, what is kept, what a kill cannot change."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.loop.conftest import Enough, Recorder, StopAt
from tests.loop.train import worker
from tests.loop.train.conftest import MICRO
from tests.processes import Forked
from tests.resume.outcome import outcome

import bnao
from bnao import api
from bnao.data.whole import whole
from bnao.errors import NumericalError, RunError, SettingError
from bnao.loop.train import divided
from bnao.loop.train.arch import Chosen, choose_architecture
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.tested import TestFigures, classify
from bnao.settings import update
from bnao.storage import RunFolder
from bnao.training import loop

Trained = tuple[bnao.Training, Recorder]


def state(training: bnao.Training) -> dict[str, torch.Tensor]:
    return training.module.state_dict()


def test_all_training_images_are_learned_and_each_epoch_is_measured(trained: Trained) -> None:
    training, recorder = trained
    summary, data = training.summary, whole(MICRO.data, MICRO.seed)
    assert (summary.num_train, summary.num_test) == (120, 2000)
    assert [e.epoch for e in summary.epochs] == [1, 2, 3]
    assert [e["test_accuracy"] for e in recorder.of("tested")] == [e.test_accuracy for e in summary.epochs]
    again = classify(training.module, data.test.images)
    assert (again.top1, again.top5) == (training.accuracy, summary.test_top5)
    assert again.loss == pytest.approx(summary.test_loss, abs=1e-6)
    assert training.error == 1 - training.accuracy
    assert training.normalisation[0] == data.train.mean_C.tolist()


def test_images_that_chose_the_architecture_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a test set, and after a search on the same data; not where that searched on others."""
    labels = np.arange(120) % 3
    images = np.random.default_rng(0).integers(0, 256, (120, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "it.npz", images=images, labels=labels)
    config = update(
        MICRO, {"data": {"source": str(tmp_path / "it.npz"), "resolution": None}, "training": {"epochs": 1}}
    )
    searched: list[str] = []

    def chosen(config: TrainConfig) -> Chosen:
        return replace(choose_architecture(config), searched_on=searched[-1])

    monkeypatch.setattr("bnao.loop.train.bench.choose_architecture", chosen)
    for source, told in ((f"npz:{tmp_path}/../{tmp_path.name}/it.npz", True), ("sample", False), ("", False)):
        searched.append(source)
        training = bnao.train(config, out=tmp_path / str(len(searched)))
        measured = "12 images, 10 % of the training images, set aside by seed"
        words = "; some of them helped to choose the architecture" if told else ""
        assert training.summary.measured_on == measured + words
        assert any("has no test set" in warning for warning in training.summary.warnings) == told
        if told:
            assert bnao.verify(training).ok
            assert choose_architecture(replace(config, architecture=str(training.path))).searched_on == source


def test_equal_trainings_have_equal_files(trained: Trained, tmp_path: Path) -> None:
    again = bnao.train(MICRO, "published", tmp_path / "run")
    name = "network.safetensors"
    assert (again.path / name).read_bytes() == (trained[0].path / name).read_bytes()


def test_the_headline_is_the_last_epoch_and_the_best_is_told_apart(trained: Trained) -> None:
    summary = trained[0].summary
    accuracies = [e.test_accuracy for e in summary.epochs]
    assert summary.test_accuracy == accuracies[-1]
    assert summary.best_accuracy == max(a for a in accuracies if a is not None)
    assert accuracies[summary.best_epoch - 1] == summary.best_accuracy


def test_the_counted_network_is_the_delivered_one(trained: Trained) -> None:
    module = trained[0].module
    assert sum(p.numel() for p in module.parameters()) == trained[0].summary.num_params
    assert not module.training


def test_top5_counts_the_five_likeliest() -> None:
    from bnao.data.images import Images

    images = Images(
        images_NCHW=torch.zeros(7, 1, 1, 1, dtype=torch.uint8),
        labels_N=torch.arange(7),
        mean_C=torch.zeros(1),
        std_C=torch.ones(1),
    )

    class Falling(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return -torch.arange(7.0).expand(len(x), 7)

    found = classify(Falling(), images, batch_size=3)
    assert (found.top1, found.top5) == (1 / 7, 5 / 7)


def test_looking_at_the_test_images_changes_nothing(trained: Trained, tmp_path: Path) -> None:
    """Measured after the last epoch only: the same weights, and the epochs between are not measured."""
    rarely = bnao.train(replace(MICRO, test_every=2), out=tmp_path / "run")
    usual = state(trained[0])
    assert all(torch.equal(value, usual[name]) for name, value in state(rarely).items())
    assert [e.test_accuracy is not None for e in rarely.summary.epochs] == [False, True, True]


def test_averaged_weights_are_measured_and_delivered(tmp_path: Path) -> None:
    config = update(MICRO, {"training": {"average_decay": 0.9}})
    averaged = bnao.train(config, out=tmp_path / "run")
    images = whole(MICRO.data, MICRO.seed).test.images
    assert classify(averaged.module, images).top1 == averaged.accuracy
    assert averaged.summary.average_decay == 0.9


@pytest.mark.parametrize("stop", [StopAt("tested"), StopAt("stage_progress", 8)])
def test_stopped_and_gone_on_with_to_the_same_bits(stop: StopAt, trained: Trained, tmp_path: Path) -> None:
    config = replace(MICRO, save_seconds=0.0)
    with pytest.raises(Enough):
        bnao.train(config, out=tmp_path / "run", listener=stop)
    assert RunFolder.open(tmp_path / "run").status == "running"
    bnao.resume_training(tmp_path / "run")
    assert outcome(tmp_path / "run") == outcome(trained[0].path)


@pytest.mark.parametrize(
    ("event", "count", "status"),
    [
        ("stage_progress", 6, "running"),  # within the second epoch
        ("tested", 2, "running"),  # between two epochs, the second not yet saved
        ("tested", 3, "running"),  # at the end, before the network is kept
        ("stage_finished", 2, "finished"),  # behind it
    ],
)
def test_killed_and_gone_on_with_to_the_same_bits(
    event: str, count: int, status: str, trained: Trained, tmp_path: Path
) -> None:
    code, text = Forked(worker.main, str(tmp_path / "run"), event, str(count)).ended()
    assert code == -signal.SIGKILL, text
    assert RunFolder.open(tmp_path / "run").status == status
    resumed = bnao.resume_training(tmp_path / "run")
    assert outcome(resumed.path) == outcome(trained[0].path)
    assert not list(resumed.path.rglob("*.partial"))


def test_out_of_memory_names_the_setting_and_is_gone_on_with(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, steps = loop._step, [0]

    def step(*arguments: object, **keywords: object) -> object:
        steps[0] += 1
        if steps[0] == 7:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return real(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_step", step)
        with pytest.raises(RunError, match=r"train needs more .*or train anew with a lower training\.batch_size, netw"):
            bnao.train(replace(MICRO, save_seconds=0.0), out=tmp_path / "run")
    assert steps[0] == 7
    bnao.resume_training(tmp_path / "run")
    assert outcome(tmp_path / "run") == outcome(trained[0].path)


def test_a_finished_training_is_only_read(trained: Trained) -> None:
    before = outcome(trained[0].path)
    assert bnao.resume_training(trained[0].path).summary == trained[0].summary
    assert outcome(trained[0].path) == before


def test_other_data_do_not_go_on_with_it(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)

    def write(labels: np.ndarray) -> None:
        np.savez(tmp_path / "x.npz", x_train=images, y_train=labels)

    write(np.arange(60) % 3)
    config = update(MICRO, {"data": {"source": f"npz:{tmp_path / 'x.npz'}", "max_train_images": None}})
    with pytest.raises(Enough):
        bnao.train(config, out=tmp_path / "run", listener=StopAt("stage_progress"))
    write((np.arange(60) + 1) % 3)
    with pytest.raises(RunError, match="resumed on the data it was begun with"):
        bnao.resume_training(tmp_path / "run")


def test_without_test_images_some_are_set_aside(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "x.npz", x_train=images, y_train=np.arange(60) % 3)
    config = update(MICRO, {"data": {"source": f"npz:{tmp_path / 'x.npz'}", "valid_fraction": 0.2}})
    data = whole(config.data, 0)
    assert (len(data.train), len(data.test.images)) == (48, 12)
    assert data.test.measured == "20 % of the training images, set aside by seed"


def test_a_diverging_training_says_where_its_settings_are(tmp_path: Path) -> None:
    config = update(MICRO, {"training": {"learning_rate": 1e30, "clip_norm": 1e30}})
    with pytest.raises(NumericalError, match=r"train \(training\).*last good state"):
        bnao.train(config, out=tmp_path / "run")


def test_a_network_that_answers_nan_is_no_result(tmp_path: Path) -> None:
    """One step, whose loss is fine, with a learning rate that takes the weights out of all bounds."""
    config = update(MICRO, {"training": {"epochs": 1 / 3, "learning_rate": 1e30, "clip_norm": 1e9}})
    with pytest.raises(NumericalError, match=r"train \(training\): the test loss of .* nan .*last good state"):
        bnao.train(config, out=tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    assert run.status == "running" and not run.has("network.safetensors")


def test_a_test_loss_on_the_way_that_is_not_finite_is_warned_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = divided.classify_together, [0]

    def measured(*arguments: Any) -> TestFigures | None:
        calls[0] += 1
        found = real(*arguments)
        return replace(found, loss=float("nan")) if found is not None and calls[0] < 3 else found

    monkeypatch.setattr(divided, "classify_together", measured)
    summary = bnao.train(MICRO, out=tmp_path / "run").summary
    assert [text[:35] for text in summary.warnings] == ["the test loss after epoch 1 is nan:"]
    assert [e.test_loss == e.test_loss for e in summary.epochs] == [False, False, True]


def test_images_whose_class_is_not_a_number_count_as_wrong() -> None:
    from bnao.data.images import Images

    images = Images(
        images_NCHW=torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1), labels_N=torch.zeros(4, dtype=torch.long),
        mean_C=torch.zeros(1), std_C=torch.ones(1),
    )  # fmt: skip

    class Bad(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            bad = torch.tensor([0.0, float("nan"), float("inf"), 0.0])
            return torch.cat([1 + bad[:, None], torch.zeros(len(x), 6)], dim=1)

    found = classify(Bad(), images)
    assert (found.top1, found.top5) == (0.5, 0.5) and found.loss != found.loss


def test_the_learning_rate_follows_the_batch() -> None:
    config = update(TrainConfig(rate_batch=128), {"training": {"batch_size": 512, "final_learning_rate": 0.01}})
    assert config.effective.learning_rate == 4 * config.training.learning_rate
    assert config.effective.final_learning_rate == 0.04


def test_what_needs_a_search_is_refused(trained: Trained, tmp_path: Path) -> None:
    path = trained[0].path
    with pytest.raises(RunError, match="resume_training"):
        api.resume(path)
    with pytest.raises(RunError, match="is the training of one network"):
        api.pick(path, tmp_path / "out", max_params=10)
    with pytest.raises(RunError, match="is the training of one network"):
        api.rank(path)
    assert not (tmp_path / "out").exists()


def test_an_export_of_it_predicts(trained: Trained, tmp_path: Path) -> None:
    from PIL import Image

    copied = tmp_path / "run"
    shutil.copytree(trained[0].path, copied)
    description = bnao.export(copied, tmp_path / "network", onnx=False)
    assert (description.metric_value, description.mode) == (trained[0].accuracy, "train")
    Image.new("RGB", (20, 16), (9, 90, 200)).save(tmp_path / "blue.png")
    assert len(bnao.predict(tmp_path / "network", [tmp_path / "blue.png"], top=3)[0].top) == 3


def test_it_is_exported_and_verified_as_it_was_returned(trained: Trained, tmp_path: Path) -> None:
    training = trained[0]
    assert bnao.export(training, tmp_path / "network", onnx=False).metric_value == training.accuracy
    found = bnao.verify(training)
    assert found.ok and found.run == str(training.path)


def test_arguments_that_contradict_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="given once"):
        bnao.train(MICRO, "published", tmp_path / "run", settings={"architecture": "published"})
    with pytest.raises(SettingError, match=r"resized_crop needs pictures that are streamed"):
        bnao.train(MICRO, out=tmp_path / "run", settings={"training.augment.resized_crop": True})
    assert not (tmp_path / "run").exists()
