"""The reference is what scripts/reference.py writes today, and it leaves nothing out."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import bnao
from bnao.cli.main import COMMANDS
from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig
from bnao.recipes import recipe_names
from bnao.settings import in_words, leaves

from .pages import ROOT

INTERNAL = {"bnao.api", "bnao.cli", "bnao.report", "bnao.distributed"}
"""Packages that are no interface: the program itself, what people see of a run, what ``bnao`` itself offers."""


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_script", ROOT / "scripts" / "reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = script()
PAGES: dict[Path, str] = REFERENCE.pages()


def test_pages_are_what_the_script_writes() -> None:
    assert {path.name for path in REFERENCE.PAGES.glob("*.md")} == {path.name for path in PAGES}
    stale = [path.name for path, text in PAGES.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `python scripts/reference.py`"


def test_every_setting_with_its_default_and_meaning() -> None:
    text = PAGES[REFERENCE.PAGES / "settings.md"]
    rows = dict(re.findall(r"^\| `([\w.]+)` \| `[^`]+` \| (.+) \|$", text, re.MULTILINE))
    search, train = leaves(SearchConfig()), leaves(TrainConfig())
    settings = {**{name: leaf for name, leaf in train.items() if "." not in name}, **search}
    assert set(rows) == set(settings)
    for name, leaf in settings.items():
        default, _, meaning = rows[name].partition(" | ")
        assert default == (f"`{in_words(leaf.value)}`" if in_words(leaf.value) else "empty")
        assert meaning.strip()
    assert all(f"\n### {name}\n" in text for name in recipe_names())


def test_every_command() -> None:
    text = PAGES[REFERENCE.PAGES / "commands.md"]
    assert re.findall(r"^## bnao (\w+)$", text, re.MULTILINE) == list(COMMANDS)
    assert [line for line in text.splitlines() if line.endswith("|  |")] == [], "an argument without help"


def test_every_public_package_has_a_page() -> None:
    packages = {f"bnao.{module.name}" for module in pkgutil.iter_modules(bnao.__path__) if module.ispkg}
    assert packages - INTERNAL <= set(REFERENCE.PACKAGES)


def test_what_the_site_is_asked_for_exists_and_once() -> None:
    asked = [name for text in PAGES.values() for name in re.findall(r"<!-- ::: ([\w.]+) -->", text)]
    assert len(asked) == len(set(asked)) > 150
    for name in asked:
        module, _, last = name.rpartition(".")
        assert hasattr(importlib.import_module(module), last), name


def test_the_names_of_bnao_itself() -> None:
    text = PAGES[REFERENCE.PAGES / "bnao.md"]
    for name in bnao.__all__:
        assert name in ("__version__", "ranking") or f"`bnao.{name}`" in text, name
