import errno
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bnao.errors import RunError
from bnao.storage.files import read_json, write_atomic, write_json


def test_json_round_trip_keeps_the_order_and_ends_with_a_newline(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": (1, 2), "a": None})
    assert read_json(tmp_path / "a.json") == {"a": None, "b": [1, 2]}
    assert (tmp_path / "a.json").read_text().startswith('{\n  "b"')
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_floats_that_are_not_finite_stay_standard_json(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": math.nan, "y": -math.inf})
    assert read_json(tmp_path / "a.json") == {"x": "nan", "y": "-inf"}


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission is denied")],
)
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_refusing_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str, step: str
) -> None:
    path = tmp_path / "a.json"
    write_json(path, "old")

    def refuse(*arguments: object, **keywords: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open" if step == "open" else f"os.{step}", refuse)
        with pytest.raises(RunError, match=words) as caught:
            write_json(path, "new")
    assert str(path) in str(caught.value)
    assert read_json(path) == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_file_system_that_cannot_rename_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = tmp_path / "a.json", os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target).exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write_json(path, "old")
    with pytest.raises(RunError, match="cannot rename a file over another: write to another disk"):
        write_json(path, "new")
    assert read_json(path) == "old" and [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_file_larger_than_the_system_allows(tmp_path: Path) -> None:
    """A real failing write, in a process of its own: json, a checkpoint and weights."""
    code = """
import resource, signal, sys, torch
from pathlib import Path
from bnao.errors import RunError
from bnao.storage import save_state, save_weights
from bnao.storage.files import write_json
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
folder, big = Path(sys.argv[1]), torch.zeros(100_000)
for write in (
    lambda: write_json(folder / "a.json", "x" * 10_000),
    lambda: save_state(folder / "a.pt", {"big": big}),
    lambda: save_weights(folder / "a.safetensors", {"big": big}),
):
    try:
        write()
        print("written")
    except RunError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and all("must be writable" in line for line in lines), done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_exception_of_the_writer_passes_and_leaves_nothing(tmp_path: Path) -> None:
    def write(file: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", write)
    assert list(tmp_path.iterdir()) == []


def test_missing_and_damaged_json(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is missing"):
        read_json(tmp_path / "none.json")
    for content in (b"", b'{"a": ', b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(RunError, match="damaged"):
            read_json(tmp_path / "a.json")
