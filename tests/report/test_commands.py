"""The commands that a page names do what it says of them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bnao.cli.main import main
from bnao.recipes import load_recipe, load_train_recipe
from bnao.report.commands import search_again_call, train_again_call
from bnao.settings import update
from bnao.storage import to_plain


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The settings that commands come to."""
    found: list[Any] = []
    for name in ("dry_search", "dry_train"):
        monkeypatch.setattr(f"bnao.api.{name}", lambda settings, **_: found.append(settings))
    monkeypatch.setattr("bnao.report.dry_run_page.print_dry_run", lambda *_: None)
    return found


def test_another_seed_of_a_search_is_the_same_search(given: list[Any], tmp_path: Path) -> None:
    changes = {
        "seed": 4,
        "data": {"source": "folder:my 'best' photos", "resolution": 24, "cache": False},
        "controller": {"early_stop": False},
        "supernet": {"training": {"compile": "operations"}},
        "limits": {"max_params": 10**6},
    }
    config = update(load_recipe("demo"), changes)
    command = shlex.split(search_again_call(tmp_path / "a b", "demo", to_plain(config)))
    assert command[:2] == ["bnao", "search"] and command[-1] == f"{tmp_path}/a b-seed-5"
    assert main([*command[1:], "--dry-run"]) == 0
    assert given == [replace(config, seed=5)]


def test_a_search_that_was_fitted_into_minutes_is_repeated_as_it_was_fitted() -> None:
    config = update(load_recipe("demo"), {"max_minutes": 5.0, "loop": {"pool": 77}})
    command = search_again_call("runs/a", "demo", to_plain(config))
    assert "--loop.pool 77" in command and "max-minutes" not in command


def test_another_seed_of_a_training_is_the_same_training(given: list[Any]) -> None:
    changes = {"seed": 2, "architecture": "0 1 | 2", "data": {"source": "stream:p"}, "training": {"epochs": 9.0}}
    config = update(load_train_recipe("imagenet-final"), {**changes, "max_macs": 10**8, "network": {"channels": 20}})
    config = replace(config, space=replace(config.space, nodes=3))
    command = shlex.split(train_again_call("runs/a", "imagenet-final", to_plain(config)))
    assert main([*command[1:], "--dry-run", "--processes", "1"]) == 0
    usual = load_train_recipe("imagenet-final")
    wanted = replace(config, seed=3, architecture="runs/a", space=usual.space, network=usual.network)
    assert given == [wanted]


@pytest.mark.parametrize("call", [search_again_call, train_again_call])
def test_settings_from_python_have_no_recipe(call: Any) -> None:
    assert call("runs/a", "custom", {"seed": 7}) == "the same command, with --seed 8"
