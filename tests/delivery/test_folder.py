from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bnao.delivery.folder import refuse_taken, whole_folder
from bnao.errors import RunError


def test_nothing_stays_of_a_failure(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyError), whole_folder(out) as folder:
        (folder / "a").write_text("a")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    with whole_folder(Path("out")) as folder:
        (folder / "a").write_text("a")
        assert not list(Path("out").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["out"] and Path("out/a").read_text() == "a"


def test_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is a file"):
        refuse_taken(tmp_path / "file")
    with pytest.raises(RunError, match=r"holds 1 file\(s\) \(file\)"):
        refuse_taken(tmp_path)
    with pytest.raises(RunError, match="zero character"):
        refuse_taken(Path("a\0b"))
    with pytest.raises(RunError, match="a part of the path is a file"), whole_folder(tmp_path / "file" / "out"):
        pass


def test_taken_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds 1 file"), whole_folder(tmp_path / "out"):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs").write_text("")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"]


def test_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from bnao.delivery.folder import whole_folder\n"
        "with whole_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'architecture.json').write_text('{}'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], env=os.environ, timeout=60)
    assert done.returncode == -signal.SIGKILL and not (tmp_path / "out").exists()
    [left] = tmp_path.iterdir()
    assert left.name.startswith(".out.") and left.name.endswith(".partial")
    host = left.name.removeprefix(".out.").rpartition(".partial")[0].rpartition(".")[0]
    others = [f".out.{host}.{os.getppid()}.partial", ".out.elsewhere.1.partial", f".other.{host}.99999.partial"]
    for name in others:  # of a living process, of another machine, of another export
        (tmp_path / name).mkdir()
    with whole_folder(tmp_path / "out"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "out"])
