from __future__ import annotations

from pathlib import Path

import pytest

from bnao.cli.pool_command import pool
from bnao.errors import RunError, SettingError
from bnao.storage import PoolEntry, RunFolder
from bnao.storage.pool_csv import read_known


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = RunFolder.create(tmp_path / "run", config={}, recipe="demo")
    with folder.pool() as entries:
        entries.add(
            PoolEntry(id=f"{k:04x}", text=f"{k} 0 | 1 2", round=1, origin="random", num_params=90 - k, macs=k)
            for k in range(25)
        )
        entries.set_scores(1, {f"{k:04x}": k / 7 for k in range(25)})
    return folder.path


def test_table(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pool(run)
    out = capsys.readouterr().out
    assert "24 0 | 1 2" in out and "5 0 | 1 2" in out and " 4 0 | 1 2" not in out
    pool(run, top=1, sort="macs")
    out = capsys.readouterr().out
    assert " 0 0 | 1 2" in out and "1 0 | 1 2" not in out.replace(" 0 0 | 1 2", "")


def test_csv(run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pool(run, csv=True)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 26 and printed.startswith("id,architecture,round")
    pool(run, csv=True, out=tmp_path / "pool.csv")
    assert capsys.readouterr().out == "" and (tmp_path / "pool.csv").read_text() == printed
    assert {k.text: k.score for k in read_known(tmp_path / "pool.csv")} == {k.text: k.score for k in read_known(run)}
    pool(run, csv=True, top=2, sort="params")
    assert [line[:4] for line in capsys.readouterr().out.splitlines()[1:]] == ["0018", "0017"]


def test_errors(run: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--top is at least 1"):
        pool(run, top=0)
    with pytest.raises(SettingError, match="add --csv"):
        pool(run, out=tmp_path / "pool.csv")
    with pytest.raises(RunError):
        pool(tmp_path)
    empty = RunFolder.create(tmp_path / "empty", config={}, recipe="demo").path
    with pytest.raises(RunError, match="no pool yet"):
        pool(empty)
