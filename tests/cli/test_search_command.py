"""From recipe, file and flags to the configuration that the search receives."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any, get_args

import pytest

import bnao
from bnao.cli.fields import flag
from bnao.cli.main import main
from bnao.loop.config import SearchConfig
from bnao.recipes import load_recipe
from bnao.settings import flatten, leaves, to_dict
from bnao.settings.values import optional

LEAVES = leaves(SearchConfig())
Calls = list[dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What `bnao.api.search` was called with; it is a stand-in, and nothing is printed."""
    received: Calls = []
    fake = types.ModuleType("bnao.api")

    def search(config: SearchConfig, **rest: Any) -> types.SimpleNamespace:
        received.append({"config": config, **rest})
        return types.SimpleNamespace(summary=None)

    vars(fake)["search"] = search
    monkeypatch.setitem(sys.modules, "bnao.api", fake)
    monkeypatch.setattr(bnao, "api", fake, raising=False)
    monkeypatch.setattr("bnao.report.print_summary", lambda result, console, folder: None)
    return received


def searched(calls: Calls, *tokens: str) -> SearchConfig:
    assert main(["search", *tokens]) == 0
    config = calls[-1]["config"]
    assert isinstance(config, SearchConfig)
    return config


def test_defaults(calls: Calls) -> None:
    assert searched(calls) == load_recipe("demo")
    assert (calls[0]["out"], calls[0]["recipe"]) == (Path("runs/demo"), "demo")


def test_later_sources_win(calls: Calls, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 5\n[loop]\npool = 40\nrounds = 2\n")
    config = searched(calls, "--config", str(path), "--loop.pool", "60", "--out", str(tmp_path / "run"))
    assert (config.seed, config.loop.pool, config.loop.rounds, config.loop.proposals) == (5, 60, 2, 30)
    assert calls[0]["out"] == tmp_path / "run"


def test_data_and_download_are_short_forms(calls: Calls) -> None:
    config = searched(calls, "--data", "folder:images", "--download")
    assert (config.data.source, config.data.download) == ("folder:images", True)
    assert searched(calls, "--data.source", "cifar10").data.source == "cifar10"


@pytest.mark.parametrize(
    "tokens",
    [
        ["--controller.early-stop", "false"],
        ["--controller.early_stop", "no"],
        ["--controller.early-stop=off"],
        ["--controller.no-early-stop"],
    ],
)
def test_ways_to_switch_off(calls: Calls, tokens: list[str]) -> None:
    assert searched(calls, *tokens).controller.early_stop is False


def test_a_bare_flag_switches_on(calls: Calls) -> None:
    assert searched(calls, "--rerank.network.auxiliary", "--loop.pool", "9").rerank.network.auxiliary is True


LISTS = {  # settings that hold lists of numbers as text; stages must agree in number
    "space.widths": "1,3,5",
    "space.depths": "1,2,3",
    "space.strides": "1,1,2",
    "space.kernels": "3,7",
    "space.expansions": "2,4",
}
TUPLES = {"plugins": "a.py,b.py", "objective.class_weights": "1.0,2.0"}
NAMED = {"objective.loss": "binary_cross_entropy", "objective.metric": "f1"}


def other_value(name: str, value: Any) -> str:
    known = LISTS | TUPLES | NAMED
    if name in known:
        return known[name]
    choices = get_args(optional(LEAVES[name].kind)[0])
    if choices:
        return str(next(choice for choice in choices if choice != value))
    if isinstance(value, bool):
        return str(not value).lower()
    if str in get_args(LEAVES[name].kind) or LEAVES[name].kind is str:
        return "other"
    if isinstance(value, int) or value is None:
        return str((value or 0) + 2)
    if isinstance(value, float):
        return str(value / 2 if value else 0.01)
    return "other"


# a supernet refuses any other value; adapt_from is below adapt_steps, which is 0
FIXED = {"supernet.network.output", "supernet.network.auxiliary", "scoring.adapt_from"}


@pytest.mark.parametrize("name", [name for name in LEAVES if name not in FIXED])
def test_every_field_is_a_flag_and_takes_effect(calls: Calls, name: str) -> None:
    before = flatten(to_dict(load_recipe("demo")))
    text = other_value(name, before[name])
    after = flatten(to_dict(searched(calls, flag(name), text)))
    assert {key for key in after if after[key] != before[key]} == {name}


def test_every_field_is_in_the_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["search", "--help"]) == 0
    out = capsys.readouterr().out
    assert [name for name in LEAVES if flag(name) + " " not in out] == []


def test_every_field_of_a_file_takes_effect(calls: Calls, tmp_path: Path) -> None:
    before = flatten(to_dict(load_recipe("demo")))
    lines = []
    # inactive contradicts average_decay, loop.known supernet.source
    chosen = {name for name in before.keys() - FIXED if not name.endswith((".inactive", ".known"))}
    for name in chosen:
        text = other_value(name, before[name])
        if name in TUPLES:
            quote = '"' if name == "plugins" else ""
            lines.append(f"{name} = [" + ", ".join(f"{quote}{part}{quote}" for part in text.split(",")) + "]")
            continue
        lines.append(
            f'{name} = "{text}"'
            if isinstance(before[name], str) or text == "other" or name in LISTS
            else f"{name} = {text}"
        )
    path = tmp_path / "all.toml"
    path.write_text("\n".join(lines))
    after = flatten(to_dict(searched(calls, "--config", str(path))))
    assert {name for name in after if after[name] != before[name]} == chosen
