"""``bnao`` alone says what to do next in this folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bnao.cli.main import main
from bnao.storage import RunFolder

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_run(name: str, finished: bool, age: int = 0) -> None:
    run = RunFolder.create(Path("runs") / name, config={"seed": 0}, recipe="demo")
    if finished:
        with run.commit() as commit:
            commit.set_status("finished")
    then = time.time() - age
    os.utime(f"runs/{name}/manifest.json", (then, then))


def said(capsys: Capture) -> str:
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == "" and all(len(line) <= 120 for line in out.splitlines())
    return out


def test_no_runs(here: Path, capsys: Capture) -> None:
    out = said(capsys)
    assert "bnao search " in out and "bnao resume" not in out and "runs/demo" in out


def test_unfinished(here: Path, capsys: Capture) -> None:
    a_run("mine", finished=False)
    out = said(capsys)
    assert "bnao resume runs/mine" in out and "bnao show runs/mine" not in out


def test_finished(here: Path, capsys: Capture) -> None:
    a_run("old", finished=True, age=900)
    a_run("mine", finished=True)
    out = said(capsys)
    assert "bnao show runs/mine" in out and "bnao report runs/mine" in out and "runs/mine/report.html" in out
    assert "resume" not in out.split("bnao COMMAND")[0] and "runs/old" not in out


def test_both(here: Path, capsys: Capture) -> None:
    a_run("one", finished=True)
    a_run("two", finished=False)
    out = said(capsys)
    assert out.index("bnao resume runs/two") < out.index("bnao show runs/one")


def test_broken_runs_are_left_out(here: Path, capsys: Capture) -> None:
    a_run("mine", finished=True)
    for name, content in (("cut", "{"), ("empty", ""), ("other", '{"format": 1}')):
        Path("runs", name).mkdir()
        Path("runs", name, "manifest.json").write_text(content)
    Path("runs", "file").write_text("")
    assert "bnao show runs/mine" in said(capsys)
    assert "cut" not in said(capsys)


def test_runs_is_a_file(here: Path, capsys: Capture) -> None:
    Path("runs").write_text("")
    assert "bnao search " in said(capsys)
