"""Every command line in the documents is one that the program takes: command, flags, and values of settings."""

from __future__ import annotations

import pytest
from cyclopts import CycloptsError

from bnao.cli.main import COMMANDS, main, make_app
from bnao.errors import BnaoError
from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig
from bnao.recipes import load_recipe, load_train_recipe
from bnao.settings import leaves, update_from_flags

from .pages import blocks, documents


def command_lines() -> list[list[str]]:
    """All of them, each once."""
    found = {tuple(words): None for name in documents() for block in blocks(name) for words in block.commands}
    return [list(words) for words in found]


def check(words: list[str]) -> None:
    """Read the line as the program does, without doing it. Raises what the program would refuse it by."""
    assert words[1] in COMMANDS
    _, bound, _ = make_app().parse_args(words[1:], exit_on_error=False, print_error=False)
    train = words[1] == "train"
    by_argument = {name.replace(".", "__"): name for name in leaves(TrainConfig() if train else SearchConfig())}
    flags = {by_argument[k]: str(v) for k, v in bound.arguments.items() if k in by_argument and v is not None}
    own = words[1] in ("search", "plan") and ".py:" in str(bound.arguments.get("plugin"))
    recipe = bound.arguments.get("recipe") or ("cifar10-final" if train else "own" if own else "demo")
    update_from_flags(load_train_recipe(recipe) if train else load_recipe(recipe), flags)


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if len(words) == 1 or words[1] in ("size", "list") or "--help" in words:
        assert main(words[1:]) == 0
        assert capsys.readouterr().out
    else:
        check(words)


@pytest.mark.parametrize(
    "line",
    [
        "bnao search --loop.pol 3",
        "bnao search --loop.pool many",
        "bnao search --recipe dmeo",
        "bnao rank runs/demo --architecture 4",
        "bnao pick",
        "bnao list opss",
    ],
)
def test_a_wrong_line_would_be_found(line: str) -> None:
    with pytest.raises((CycloptsError, BnaoError)):
        check(line.split())
