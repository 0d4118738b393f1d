"""From recipe, file and flags to the settings that a training receives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bnao.api
from bnao.cli.fields import flag
from bnao.cli.main import main
from bnao.errors import SettingError
from bnao.loop.train.config import TrainConfig
from bnao.recipes import load_train_recipe
from bnao.settings import leaves
from bnao.settings.values import parse


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `bnao.api.train` was called with; it ends there."""
    received: list[dict[str, Any]] = []

    def train(config: TrainConfig, **rest: Any) -> None:
        received.append({"config": config, **rest})
        raise SettingError("enough")

    monkeypatch.setattr(bnao.api, "train", train)
    return received


def asked(calls: list[dict[str, Any]], *tokens: str) -> TrainConfig:
    assert main(["train", *tokens]) == 2
    config = calls[-1]["config"]
    assert isinstance(config, TrainConfig)
    return config


def test_the_paper_s_training_is_the_default(calls: list[dict[str, Any]]) -> None:
    assert asked(calls) == load_train_recipe("cifar10-final")
    assert (calls[0]["out"], calls[0]["recipe"]) == (Path("runs/cifar10-final"), "cifar10-final")


def test_later_sources_win(calls: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 5\n[training]\nepochs = 40\nbatch_size = 64\n")
    words = ["--config", str(path), "--training.epochs", "3", "--arch", "0 1 | 0 1", "--max-macs", "600e6"]
    config = asked(calls, *words, "--recipe", "imagenet-final", "--data", "stream:x", "--download")
    assert (config.seed, config.training.epochs, config.training.batch_size) == (5, 3.0, 64)
    assert (config.architecture, config.max_macs) == ("0 1 | 0 1", 600_000_000)
    assert (config.data.source, config.data.download, config.network.channels) == ("stream:x", True, 44)


def test_every_field_is_in_the_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["train", "--help"]) == 0
    out = capsys.readouterr().out
    known = leaves(TrainConfig())
    assert [name for name in known if flag(name) + " " not in out] == []
    assert [name for name, leaf in known.items() if not leaf.doc] == []


@pytest.mark.parametrize(
    ("text", "value"), [("600e6", 600_000_000), ("1.5E3", 1500), ("2e+2", 200), ("7", 7), ("0e5", 0)]
)
def test_whole_numbers_with_exponents(text: str, value: int) -> None:
    assert parse("limits.max_macs", text, int | None) == value


@pytest.mark.parametrize("text", ["1.5e0", "1e-3", "1e", "e5", "6e8.5", "1e999", "1.25e1", "nan"])
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(SettingError, match="whole number"):
        parse("limits.max_macs", text, int | None)
