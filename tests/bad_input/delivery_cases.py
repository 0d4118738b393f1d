"""Exporting, classifying pictures, verifying, plugins of runs from elsewhere, a time that is too short."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from PIL import Image

from bnao.recipes import load_recipe
from bnao.storage import RunFolder

from .case import Case, case
from .examples import SMALL, npz
from .run_cases import a_run, damaged, half

EXPORT, PREDICT, VERIFY = "export runs/mine", "predict network a.png", "verify runs/mine"


def _taken(folder: Path) -> None:
    a_run(folder)
    (folder / "network").mkdir()
    (folder / "network" / "notes.txt").write_text("mine")


def _described(folder: Path, **values: object) -> None:
    """An exported folder's description, and a picture."""
    (folder / "network").mkdir()
    plain = {"format": "bnao-network", "version": 1, **values}
    (folder / "network" / "architecture.json").write_text(json.dumps(plain))
    Image.new("RGB", (8, 8)).save(folder / "a.png")


def _with_plugin(folder: Path) -> None:
    """A run that names a Python file which nobody has named on this machine."""
    (folder / "theirs.py").write_text("raise SystemExit('ran')")
    config = replace(load_recipe("demo"), plugins=("theirs.py",))
    RunFolder.create(folder / "runs" / "mine", config=config, recipe="demo").close()


def _missing_plugin(folder: Path) -> None:
    config = replace(load_recipe("demo"), plugins=("gone.py",))
    RunFolder.create(folder / "runs" / "mine", config=config, recipe="demo").close()


CASES: list[Case] = [
    case("export: no such folder", EXPORT, "a run folder is what", "'runs/mine' is missing", "check the path"),
    case("export: a run that has not finished", EXPORT, "network of a finished run", "bnao resume", make=a_run),
    case(
        "export: result of another form",
        EXPORT,
        "result.json must have",
        "winner",
        make=lambda folder: a_run(folder, finished=True) and None,
    ),
    case(
        "export: folder taken",
        f"{EXPORT} --out network",
        "a new or empty folder",
        "1 file(s) (notes.txt)",
        "choose another",
        make=_taken,
    ),
    case("predict: no such folder", PREDICT, "bnao export --out", "'network' is missing", "check the path"),
    case("predict: no picture", "predict network", "at least one picture", "none", "name files"),
    case("predict: no class", f"{PREDICT} --top 0", "--top is at least 1", "0", "positive number"),
    case(
        "predict: another version of the export",
        PREDICT,
        "networks of version 1",
        "has version 9",
        "export again",
        make=lambda folder: _described(folder, version=9),
    ),
    case(
        "predict: description altered",
        PREDICT,
        "must match its checksum",
        "export again",
        make=lambda folder: _described(folder, checksum="0"),
    ),
    case("predict: description cut off", PREDICT, "version", make=lambda folder: _described(folder, version="")),
    case("verify: no such folder", VERIFY, "a run folder is what", "'runs/mine' is missing", "check the path"),
    case("verify: negative number", f"{VERIFY} --others -1", "others is at least 0", "-1", make=a_run),
    case("resume: a Python file that you have not named", "resume runs/mine", "theirs.py", "bnao trust runs/mine",
         make=_with_plugin),
    case("resume: its Python file is gone", "resume runs/mine", "a Python file that exists", "gone.py",
         make=_missing_plugin),
    case("trust: manifest cut in half", "trust runs/mine", "manifest.json", make=damaged("manifest.json", half)),
    case("plugin: no Python file", "search --plugin a.txt", "a plugin is a Python file", "a.txt", "my_model.py"),
    case("plugin: missing", "search --plugin gone.py:Net", "a Python file that exists", "gone.py", "check the path"),
    case("max-minutes: not positive", f"{SMALL} --max-minutes 0", "max_minutes", "0", make=npz),
    case("max-minutes: text", f"{SMALL} --max-minutes soon", "soon", make=npz),
]  # fmt: skip
