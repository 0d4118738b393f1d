"""What can happen to a training: damaged files, a full disk, a second process, a decode worker that is killed."""

from __future__ import annotations

import io
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.loop.conftest import Enough, Recorder, StopAt
from tests.loop.faults.damage import damages, few
from tests.loop.faults.disk import Disk, failing, operations, skip_beyond
from tests.loop.train import worker
from tests.loop.train.conftest import MICRO
from tests.pictures import picture_folder
from tests.processes import Forked
from tests.resume.outcome import outcome

import bnao
from bnao.errors import RunError
from bnao.report import show_run
from bnao.report.web.page import render_report
from bnao.settings import update
from bnao.storage import RunFolder

EVERY_STEP = replace(MICRO, save_seconds=0.0)
Trained = tuple[bnao.Training, Recorder]

TOP = ("manifest.json", "events.jsonl", "lock", "result.json", "network.safetensors")
KINDS = (*TOP, "state/network.safetensors", "state/result.json", "progress.json", "inputs.json")
LOOKS: list[Callable[[Path], object]] = [
    lambda path: show_run(RunFolder.open(path), Console(file=io.StringIO(), width=80)),
    lambda path: render_report(RunFolder.open(path)),
    lambda path: bnao.export(path, path.parent / "network", onnx=False),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_of_a_finished_training(kind: str, trained: Trained, tmp_path: Path) -> None:
    """As tests/loop/faults/test_damage.py has it for searches: an answer, or an error that names the file."""
    whole, seen = tmp_path / "whole", set()
    shutil.copytree(trained[0].path, whole)
    run, expected = RunFolder.open(whole), outcome(whole)
    source = Path(kind) if kind in TOP else Path(run.manifest.files[kind.removeprefix("state/")].file)

    @few(3)
    @given(damages(), st.sampled_from(range(len(LOOKS))))
    def check(damage: Callable[[bytes], bytes], how: int) -> None:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            path = Path(folder) / "run"
            shutil.copytree(whole, path)
            content = (path / source).read_bytes()
            (path / source).write_bytes(damage(content))
            try:
                LOOKS[how](path)
            except RunError as error:
                assert str(path) in str(error) and len(str(error)) < 1500
            try:
                found = bnao.resume_training(path)
            except RunError as error:
                seen.add("refused")
                assert str(path) in str(error) and "search anew" not in str(error)
                (path / "lock").unlink(missing_ok=True)
                (path / source).write_bytes(content)
                found = bnao.resume_training(path)
            assert (found.summary, outcome(path)) == (trained[0].summary, expected)
            for name in ("result.json", "network.safetensors"):  # the copies for people are right again
                assert (path / name).read_bytes() == (whole / name).read_bytes()

    check()
    if kind.startswith("state/") or kind == "manifest.json":
        assert seen == {"refused"}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that stopped within its second epoch. Copy it."""
    out = tmp_path_factory.mktemp("begun") / "run"
    with pytest.raises(Enough):
        bnao.train(EVERY_STEP, out=out, listener=StopAt("stage_progress", 6))
    return out


@pytest.mark.parametrize("name", ["running.pt", "inputs.json", "progress.json"])
@pytest.mark.parametrize("damage", ["cut", "missing", "altered"])
def test_a_damaged_file_of_a_running_training_is_named(name: str, damage: str, begun: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    path = folder / RunFolder.open(folder).manifest.files[name].file
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        rest = b"" if damage == "cut" else b"x" + content[len(content) // 2 + 1 :]
        path.write_bytes(content[: len(content) // 2] + rest)
    with pytest.raises(RunError, match=name.split(".")[0]):
        bnao.resume_training(folder)
    path.write_bytes(content)


def test_a_training_whose_file_was_put_back_goes_on_to_the_same_bits(
    begun: Path, trained: Trained, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    path = folder / RunFolder.open(folder).manifest.files["running.pt"].file
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(RunError, match="running"):
        bnao.resume_training(folder)
    path.write_bytes(content)
    bnao.resume_training(folder)
    assert outcome(folder) == outcome(trained[0].path)


@pytest.mark.parametrize("number", operations([4, 60, 110]))
def test_a_training_on_a_full_disk(number: int, trained: Trained, tmp_path: Path) -> None:
    skip_beyond("a training", number)
    folder, disk = tmp_path / "run", Disk(number)
    with failing(disk):
        try:
            bnao.train(EVERY_STEP, out=folder)
        except RunError as error:
            assert "the disk is full: free some space" in str(error)
    skip_beyond("a training", number, disk.count)
    if (folder / "manifest.json").exists():
        assert all(RunFolder.open(folder).file(name).exists() for name in RunFolder.open(folder).manifest.files)
        bnao.resume_training(folder)
    else:
        bnao.train(EVERY_STEP, out=folder)
    assert outcome(folder) == outcome(trained[0].path)


def test_a_second_process_on_a_training_is_refused(trained: Trained, tmp_path: Path) -> None:
    """It leaves the first one in peace."""
    folder, said = tmp_path / "run", []

    class Meanwhile:
        def event(self, kind: str, **fields: Any) -> None:
            if kind == "tested" and not said:
                said.append(Forked(worker.go_on, str(folder)).ended())

    bnao.train(MICRO, out=folder, listener=Meanwhile())
    ((code, text),) = said
    assert code == 3 and f"in use by process {os.getpid()} on" in text
    assert outcome(folder) == outcome(trained[0].path)


def test_a_killed_decode_worker_is_a_clear_error(tmp_path: Path) -> None:
    pictures = picture_folder(tmp_path / "pictures", classes=3, train=32, val=3)
    data = {"source": f"stream:{pictures}", "max_train_images": None, "resolution": 16}
    config = update(EVERY_STEP, {"data": {**data, "workers": 0}})
    undisturbed = bnao.train(config, out=tmp_path / "undisturbed")

    class Killer:
        def event(self, kind: str, **fields: Any) -> None:
            if kind == "stage_progress" and fields["done"] == 4:
                (child,) = active_children()
                assert child.pid is not None
                os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(RunError, match=r"decode pictures .* one of 1 died.*last good state is kept.*bnao resume"):
        bnao.train(update(config, {"data": {"workers": 1}}), out=tmp_path / "run", listener=Killer())
    bnao.resume_training(tmp_path / "run")
    assert outcome(tmp_path / "run") == outcome(undisturbed.path)
