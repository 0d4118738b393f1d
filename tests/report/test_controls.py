"""Texts of a stranger's run and names in it reach the terminal without characters that would steer it."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.loop.security.test_pages import poisoned

from bnao.cli.main import main
from bnao.errors import RunError, brief, printable
from bnao.report import ProgressDisplay, print_list, show_run
from bnao.report.page import Page, plain_table
from bnao.report.pool_table import print_pool
from bnao.storage import PoolEntry, RunFolder

NASTY = "\x1b[2J\x1b]0;owned\x07\x9b31m\x00\x08\r\n\u202egnp.exe\u2066\u2028[red]x[/] [/y]"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def harmless(text: str) -> None:
    assert STEERING.findall(text) == [] and r"\x1b[2J" in text and "[red]x[/]" in text


def test_every_control_becomes_an_escape() -> None:
    every = "".join(map(chr, range(0x3000)))
    assert STEERING.findall(printable(every)) == [] and "\n" not in printable(every)
    assert printable("Müller 猫 — 85 % ± 1") == "Müller 猫 — 85 % ± 1"
    assert printable("\udcff") == brief("\udcff") == r"\udcff"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_block_of_a_page(ascii_only: bool) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii" if ascii_only else "utf-8")
    console, table = Console(file=out, width=300), plain_table()
    page = Page(console)
    table.add_column("a", no_wrap=True)
    table.add_row(NASTY)
    for block in (page.heading, page.paragraph, page.item, page.verbatim):
        block(NASTY)
    page.pairs([(NASTY, NASTY)])
    page.table(table)
    out.seek(0)
    text = out.read()
    harmless(text)
    assert text.count(r"\x1b[2J") == 7


def test_a_strangers_search(micro: Any, tmp_path: Path, console: Console) -> None:
    path = tmp_path / "run"
    shutil.copytree(micro[0].path, path)
    with RunFolder.resume(path) as run:
        with run.commit() as commit:
            result = poisoned(run.read_json("result.json"), NASTY)
            result["stage_seconds"], result["warnings"] = {NASTY: 1.0}, [NASTY]
            result["trained"][0]["id"] = result["winner"]["id"] = result["winner"]["mode"] = NASTY
            commit.write_json("result.json", result)
        replace(run.manifest, recipe=NASTY, versions={NASTY: NASTY}).write(path)
    show_run(RunFolder.open(path), console)
    harmless(said(console))


def test_a_strangers_verification(micro: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run"
    shutil.copytree(micro[0].path, path)
    with RunFolder.resume(path) as run, run.commit() as commit:
        commit.write_json("result.json", {**run.read_json("result.json"), "drawing": NASTY, "data": NASTY})
    assert main(["verify", str(path), "--others", "0"]) == 1
    out = capsys.readouterr().out
    assert STEERING.findall(out) == [] and r"\x1b[2J" in out


def test_a_pool_and_progress_and_names(console: Console, tmp_path: Path) -> None:
    entry = PoolEntry(id="a", text=f"0 {NASTY}", round=1, origin=NASTY, num_params=9, macs=9)
    print_pool([entry], console)
    print_list(NASTY, {NASTY: NASTY}, console)
    with ProgressDisplay(console, live=False) as display:
        display.event("search_started", recipe=NASTY, seed=0, data=NASTY, num_train=3, device=NASTY)
        display.event("stage_started", stage="data", title=NASTY, total=3, unit=NASTY)
        display.event("stage_finished", stage="data", seconds=1.0, figures={NASTY: 1.0})
        display.event("warning", text=NASTY)
    harmless(said(console))


def test_errors_and_warnings(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    def fail(*_: object, **__: object) -> None:
        warnings.simplefilter("always")
        warnings.warn(NASTY, stacklevel=1)
        raise RunError(NASTY)

    monkeypatch.setattr("bnao.storage.run_folder.Manifest.read", fail)
    assert main(["show", "runs/theirs"]) == 2
    error = capsys.readouterr().err
    harmless(error)
    assert len(error.splitlines()) == 2


def test_a_plugin_that_a_run_names(tmp_path: Path, micro: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path, plugin = tmp_path / "run", tmp_path / "a\x1b[2J\u202e.py"
    shutil.copytree(micro[0].path, path)
    plugin.write_text("")
    run = RunFolder.open(path)
    replace(run.manifest, config={**run.manifest.config, "plugins": [str(plugin)]}).write(path)
    assert main(["trust", str(path)]) == 0
    out = capsys.readouterr().out
    assert STEERING.findall(out) == [] and r"a\x1b[2J\u202e.py" in out
