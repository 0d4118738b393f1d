"""A stranger's result that no run comes to, its hashes right: one line that names the value, from every command."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.loop.verify.test_verify import changed, winner

import bnao
from bnao.cli.main import main
from bnao.errors import RunError, SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.result import EpochFigures, training_from
from bnao.storage import RunFolder, from_dict
from bnao.storage.files import parse_json

pytestmark = pytest.mark.usefixtures("drawn")


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.loop.train.conftest import MICRO

    return bnao.train(MICRO, out=tmp_path_factory.mktemp("ranges") / "run").path


def refused(path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that reads the result says in one line what is wrong with it."""
    for words in (["show"], ["report"], ["resume"], ["export", "--no-onnx", "--out", str(path.parent / "network")]):
        assert main([words[0], str(path), *words[1:]]) == 2, words
        [line] = capsys.readouterr().err.splitlines()
        assert name in line and "result" in line, line


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_test", 0), ("test_accuracy", 7.0), ("best_accuracy", float("nan")), ("num_params", -1), ("test_top5", -0.1)],
)
def test_a_training(training: Path, name: str, value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run"
    shutil.copytree(training, path)
    changed(path, "result.json", lambda result: {**result, name: value})
    refused(path, name, capsys)


def test_a_row_of_a_training(training: Path) -> None:
    plain = RunFolder.open(training).read_json("result.json")
    plain["epochs"][1]["test_accuracy"] = 1.5
    with pytest.raises(RunError, match=r"epoch 2, must have a share in \[0, 1\] at 'test_accuracy'; received 1.5"):
        training_from(plain, "result.json")


@pytest.mark.parametrize(("name", "value"), [("macs", -3), ("test_metric", 7.0), ("test_standard_error", -1.0)])
def test_a_search(micro: Any, name: str, value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run"
    shutil.copytree(micro[0].path, path)
    changed(path, "result.json", winner(**{name: value}))
    refused(path, name, capsys)


@pytest.mark.parametrize("kind", ["search", "training"])
def test_a_number_of_hundreds_of_digits(
    kind: str, micro: Any, training: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, huge = tmp_path / "run", 10**400
    shutil.copytree(micro[0].path if kind == "search" else training, path)
    changed(path, "result.json", winner(num_params=huge) if kind == "search" else lambda r: {**r, "num_params": huge})
    refused(path, "more than 64 bits", capsys)


def test_whole_numbers_have_64_bits_wherever_they_are_read() -> None:
    with pytest.raises(RunError, match="more than 64 bits"):
        parse_json(b'{"a": [9223372036854775808]}', Path("a.json"))
    assert parse_json(b"[9223372036854775807, -9223372036854775807]", Path("a.json")) == [2**63 - 1, 1 - 2**63]
    row = {"epoch": 1, "train_loss": 0, "train_accuracy": 0, "learning_rate": 0}
    for name in ("epoch", "test_loss", "train_loss"):
        with pytest.raises(RunError, match=rf"at '{name}'; received 'a number of 64 bits'"):
            from_dict(EpochFigures, {**row, name: 2**63})


@pytest.mark.parametrize("config", [SearchConfig, TrainConfig])
def test_a_seed_is_one_that_files_can_hold(config: type[SearchConfig | TrainConfig]) -> None:
    assert config(seed=2**63 - 1).seed == 2**63 - 1
    with pytest.raises(SettingError, match=r"seed lies in \[0, 2\*\*63\); received 9223372036854775808: use 0, 1"):
        config(seed=2**63)
