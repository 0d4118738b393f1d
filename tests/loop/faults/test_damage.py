"""Files cut or altered at random bytes: every kind of a run folder and of an export; no trace, no wrong figure.

Each example damages one file of a finished run. Going on with the run then either ends with what was there before, to
the bit, or says in one line which file is damaged; looking at it (show, report, pool, verify) answers or says the same.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console
from tests.loop.faults.damage import damages, few
from tests.resume.outcome import outcome

import bnao
import bnao.api as api
from bnao.errors import BnaoError, RunError
from bnao.loop.verify.checks import Checks
from bnao.loop.verify.folder import check_events, check_files, check_published, pool_copy
from bnao.report import show_run
from bnao.report.web.page import render_report
from bnao.storage import RunFolder
from bnao.storage.pool_csv import read_known

KINDS = [
    "manifest.json", "pool.sqlite", "events.jsonl", "lock", "result.json", "winner.safetensors",
    "supernet.pt", "controller.pt", "progress.json", "inputs.json", "coverage.json", "state/winner.safetensors",
]  # fmt: skip


def place_of(run: RunFolder, kind: str) -> Path:
    name = kind.removeprefix("state/")
    top = kind in ("manifest.json", "pool.sqlite", "events.jsonl", "lock", "result.json", "winner.safetensors")
    return run.path / name if top else run.path / run.manifest.files[name].file


LOOKS: list[Callable[[Path], object]] = [
    lambda path: show_run(RunFolder.open(path), Console(file=io.StringIO(), width=80)),
    lambda path: render_report(RunFolder.open(path)),
    lambda path: read_known(path),
    lambda path: _verified(path),
]


def look(path: Path, how: int) -> None:
    """One of the things that only look at a run. Raises RunError where it is damaged."""
    try:
        LOOKS[how](path)
    except RunError as error:
        assert len(str(error)) < 1500


def _verified(path: Path) -> None:
    run, checks = RunFolder.open(path), Checks()
    check_files(run, checks)
    check_events(run, checks)
    check_published(run, checks)
    with pool_copy(run, checks):
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_a_run(kind: str, micro, tmp_path: Path) -> None:
    whole, seen = tmp_path / "whole", set()
    shutil.copytree(micro[0].path, whole)
    expected, source = outcome(whole), place_of(RunFolder.open(whole), kind).relative_to(whole)

    @few(3)
    @given(damages(), st.sampled_from([0, 0, 0, 1, 2, 2, 3, 3]))
    def check(damage: Callable[[bytes], bytes], how: int) -> None:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            path = Path(folder) / "run"
            shutil.copytree(whole, path)
            content = (path / source).read_bytes()
            (path / source).write_bytes(damage(content))
            look(path, how)
            try:
                RunFolder.resume(path).close()
            except RunError as error:
                seen.add("refused")
                assert str(path) in str(error)
                (path / "lock").unlink(missing_ok=True)
                (path / source).write_bytes(content)
                RunFolder.resume(path).close()
            seen.add("whole")
            assert outcome(path) == expected

    check()
    if kind not in ("lock", "events.jsonl", "result.json", "winner.safetensors", "pool.sqlite"):
        assert "refused" in seen


def test_going_on_with_a_finished_run_puts_damaged_copies_right(drawn, micro, tmp_path: Path) -> None:
    path = tmp_path / "run"
    shutil.copytree(micro[0].path, path)
    for name in ("result.json", "winner.safetensors", "report.html"):
        (path / name).write_bytes(b"x")
    assert api.resume(path).summary == micro[0].summary
    assert (path / "winner.safetensors").read_bytes() == (micro[0].path / "winner.safetensors").read_bytes()
    assert bnao.verify(path).ok


@pytest.fixture(scope="module")
def exported(micro, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("damage") / "network"
    bnao.export(micro[0].path, out, onnx=False)
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(out.parent / "a.png")
    return out


@pytest.mark.parametrize("name", ["architecture.json", "model.safetensors", "a.png"])
def test_an_export(name: str, exported: Path, tmp_path: Path) -> None:
    picture = exported.parent / "a.png"
    expected, seen = bnao.predict(exported, [picture]), set()

    @few(20)
    @given(damages())
    def check(damage: Callable[[bytes], bytes]) -> None:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            path = Path(folder) / "network"
            shutil.copytree(exported, path)
            shutil.copy(picture, path)
            (path / name).write_bytes(damage((path / name).read_bytes()))
            try:
                found = bnao.predict(path, [path / "a.png"])
            except BnaoError as error:
                seen.add("refused")
                assert name in str(error)
            else:
                assert name == "a.png" or [f.top for f in found] == [f.top for f in expected]

    check()
    assert seen == {"refused"}
