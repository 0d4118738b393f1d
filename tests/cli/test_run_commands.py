from __future__ import annotations

from pathlib import Path

import pytest

from bnao.cli.main import main
from bnao.recipes import load_recipe
from bnao.storage import RunFolder


def test_show_an_unfinished_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RunFolder.create(tmp_path / "run", config=load_recipe("demo"), recipe="demo")
    assert main(["show", str(tmp_path / "run")]) == 0
    assert "not finished" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", ["show", "resume"])
def test_no_such_run(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(tmp_path / "none")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("bnao: error: ") and err.count("\n") == 1
