"""`bnao verify` of a training: it agrees to the bit, each changed figure is found, and nothing is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.loop.conftest import Enough, StopAt
from tests.loop.train.conftest import MICRO
from tests.loop.verify.test_verify import by_name, changed, differing
from tests.report.web.test_live import digest

import bnao
from bnao.cli.main import main
from bnao.loop.train.result import read_training
from bnao.storage import RunFolder


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training of three epochs, its width chosen by ``max_macs`` in place of another."""
    config = replace(MICRO, max_macs=400_000, network=replace(MICRO.network, channels=12))
    return bnao.train(config, out=tmp_path_factory.mktemp("verified") / "run").path


@pytest.fixture
def copied(training: Path, tmp_path: Path) -> Path:
    shutil.copytree(training, tmp_path / "run")
    return tmp_path / "run"


def test_a_training_agrees_to_the_bit_and_stays_as_it_was(training: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = digest(training)
    found = bnao.verify(training)
    assert found.ok, [check for check in found.checks if check.outcome != "agrees"]
    assert digest(training) == before
    texts = {check.name: check.text for check in found.checks}
    assert all("equal to the bit" in texts[name] for name in ("test accuracy", "test loss", "test top-5"))
    assert {"parameters", "multiply-adds", "headline", "best epoch", "limit max_macs", "width"} <= texts.keys()
    assert "in place of 12" in read_training(RunFolder.open(training)).width
    assert any("only the weights of the end are kept" in text for text in found.unverified)
    assert main(["verify", str(training), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {check["outcome"] for check in told["checks"]} == {"agrees"} and len(told["unverified"]) == 4


def last_row(**values: Any) -> Callable[[Any], Any]:
    return lambda result: {**result, "epochs": [*result["epochs"][:-1], {**result["epochs"][-1], **values}]}


FORGED: dict[str, Callable[[Any], Any]] = {
    "settings": lambda result: {**result, "seed": 9, "recipe": "cifar10-final", "warnings": ["none"]},
    "parameters": lambda result: {**result, "num_params": 7},
    "parameters in training": lambda result: {**result, "num_params_with_auxiliary": 8},
    "multiply-adds": lambda result: {**result, "macs": 9},
    "id": lambda result: {**result, "id": "0"},
    "drawing": lambda result: {**result, "drawing": "FAKE"},
    "images": lambda result: {**result, "measured_on": "10,000 images, CIFAR-10 test set"},
    "width": lambda result: {**result, "width": "the widest"},
    "headline": lambda result: {**result, "test_accuracy": 0.97},
    "best epoch": lambda result: {**result, "best_accuracy": 0.99},
    "rows and log": last_row(train_loss=0.001),
    "test loss": lambda result: {**result, "test_loss": 0.1},
    "test top-5": lambda result: {**result, "test_top5": 1.0},
}


def test_every_changed_figure_is_found(copied: Path) -> None:
    for change in FORGED.values():
        changed(copied, "result.json", change)
    RunFolder.open(copied).publish("result.json")
    assert sorted(differing(bnao.verify(copied))) == sorted([*FORGED, "test accuracy"])


def test_a_forged_headline_is_found_in_the_network_though_rows_and_log_agree(copied: Path) -> None:
    changed(copied, "result.json", last_row(test_accuracy=0.97))
    changed(copied, "result.json", lambda r: {**r, "test_accuracy": 0.97, "best_accuracy": 0.97, "best_epoch": 3})
    RunFolder.open(copied).publish("result.json")
    lines = [json.loads(line) for line in (copied / "events.jsonl").read_text().splitlines()]
    [last] = [line for line in lines if line["event"] == "tested" and line["epoch"] == 3]
    last["test_accuracy"] = 0.97
    (copied / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert differing(bnao.verify(copied)) == ["test accuracy"]


def test_a_row_too_few_and_other_weights(copied: Path) -> None:
    changed(copied, "result.json", lambda result: {**result, "epochs": result["epochs"][1:]})
    with RunFolder.resume(copied) as run, run.commit() as commit:
        tensors, metadata = run.read_weights("network.safetensors")
        name = next(name for name, tensor in tensors.items() if tensor.dim() == 4)
        metadata["normalisation"] = json.dumps({"mean": [0.0] * 3, "std": [1.0] * 3})
        commit.write_weights("network.safetensors", {**tensors, name: -tensors[name]}, metadata)
    found = differing(bnao.verify(copied))
    assert {"epochs", "input", "test loss", "result.json", "network.safetensors"} <= set(found)


def test_data_that_have_moved_or_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = np.random.default_rng(0)
    arrays = {"x_train": draw.integers(0, 256, (96, 8, 8, 3), dtype=np.uint8), "y_train": np.arange(96) % 3}
    old, new = tmp_path / "old.npz", tmp_path / "new.npz"
    np.savez(old, **arrays)
    data = replace(MICRO.data, source=f"npz:{old}", cache=False, max_train_images=None)
    path = bnao.train(replace(MICRO, data=data), out=tmp_path / "run").path
    old.rename(new)
    found = bnao.verify(path)
    assert differing(found) == [] and [check.name for check in found.of("not checked")] == ["data"]
    assert by_name(found)["parameters"] == by_name(found)["headline"] == "agrees"  # these need no data
    assert any("the data were not to be had" in text for text in found.unverified)
    assert main(["verify", str(path)]) == 1 and "--data" in capsys.readouterr().out
    assert bnao.verify(path, data=f"npz:{new}").ok
    arrays["x_train"][0] ^= 1
    np.savez(new, **arrays)
    found = bnao.verify(path, data=f"npz:{new}")
    assert differing(found) == ["data"] and "test accuracy" not in by_name(found)


def test_an_unfinished_training_and_a_damaged_one(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(Enough):
        bnao.train(MICRO, out=tmp_path / "half", listener=StopAt("tested"))
    found = bnao.verify(tmp_path / "half")
    assert [check.name for check in found.of("not checked")] == ["result"] and differing(found) == []
    run = RunFolder.open(copied)
    (run.path / run.manifest.files["network.safetensors"].file).write_bytes(b"")
    assert {"files", "network"} <= set(differing(bnao.verify(copied)))
