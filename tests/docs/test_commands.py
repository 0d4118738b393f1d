"""Every command line in the documents is one that the program takes: command, flags, and values of settings."""

from __future__ import annotations

import pytest

from bnao.cli.main import COMMANDS, make_app
from bnao.loop.config import SearchConfig
from bnao.recipes import load_recipe
from bnao.settings import leaves, update_from_flags

from .pages import blocks, documents


def command_lines() -> list[list[str]]:
    """All of them, each once."""
    found = {tuple(words): None for name in documents() for block in blocks(name) for words in block.commands}
    return [list(words) for words in found]


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_command(words: list[str]) -> None:
    if len(words) == 1 or words[1].startswith("--"):
        return
    assert words[1] in COMMANDS
    if "--help" in words:
        return
    _, bound, _ = make_app().parse_args(words[1:], exit_on_error=False, print_error=False)
    by_argument = {name.replace(".", "__"): name for name in leaves(SearchConfig())}
    flags = {by_argument[k]: str(v) for k, v in bound.arguments.items() if k in by_argument and v is not None}
    given = bound.arguments.get("recipe")
    own = words[1] in ("search", "plan") and ".py:" in str(bound.arguments.get("plugin"))
    update_from_flags(load_recipe(given or ("own" if own else "demo")), flags)
