"""A refusing disk at every single operation: a clear error, the last good state kept, the identical result afterwards.

The storage and an export are tried at *every* operation. A whole search takes seconds, so the tests try it at a few;
``BNAO_FAULTS=1`` tries it at every one, ``BNAO_FAULTS=5`` at every fifth (docs/faults.md says when that was done last).
"""

from __future__ import annotations

import errno
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.delivery.conftest import CASES, make_network
from tests.loop.conftest import MICRO
from tests.loop.faults.disk import EVERY, Disk, failing, operations, skip_beyond
from tests.resume.outcome import outcome

import bnao.api as api
from bnao.delivery.write import write_export
from bnao.errors import RunError
from bnao.storage import PoolEntry, RunFolder

FULL, BAD_BLOCK = {"code": errno.ENOSPC, "alone": False}, {"code": errno.EIO, "alone": True}
WORDS = r"the disk is full: free some space|Input/output error: check the disk|the disk reports an error: check"
EVERY_STEP = replace(MICRO, save_seconds=0.0)
pytestmark = pytest.mark.usefixtures("drawn")


def story(path: Path) -> None:
    """A small run of every kind of file, gone on with from its last commit."""
    run = RunFolder.resume(path) if (path / "manifest.json").exists() else None
    with run or RunFolder.create(path, config=MICRO, recipe="micro") as run, run.event_log() as log, run.pool() as pool:
        for number in range(run.generation, 2):
            log.event("stage_started", stage=str(number))
            entries = [PoolEntry(id=f"{number}{k}", text="0", round=1, origin="x", num_params=9, macs=9) for k in "ab"]
            pool.add(entries)
            with run.commit() as commit:
                pool.set_scores(number + 1, {entry.id: 0.5 for entry in pool.entries()})
                commit.include(pool)
                commit.write_checkpoint("supernet.pt", {"weights": torch.full((30,), float(number))})
                commit.write_weights("winner.safetensors", {"w": torch.full((9,), float(number))}, {"k": "v"})
                commit.write_json("progress.json", {"done": number})
        with run.commit() as commit:
            commit.set_status("finished")
        run.publish("winner.safetensors")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a pool's database waits for its disk at each transaction."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="bnao-faults-") as folder:
        yield Path(folder)


@pytest.mark.parametrize("how", [FULL, BAD_BLOCK], ids=["full", "one bad block"])
def test_every_operation_of_the_storage(how: dict[str, int], place: Path) -> None:
    story(place / "whole")
    expected, tried = outcome(place / "whole"), 0
    for number in itertools.count(1):
        path = place / f"run-{number}"
        with failing(Disk(number, **how)) as disk:  # type: ignore[arg-type]
            try:
                story(path)
            except RunError as error:
                assert str(path) in str(error)
        if disk.count < number:
            break
        tried += 1
        if (path / "manifest.json").exists():
            run = RunFolder.open(path)  # the last commit, whole
            assert all(run.file(name).exists() for name in run.manifest.files)
        if not (path / "manifest.json").exists() or RunFolder.open(path).status != "finished":
            story(path)
        assert outcome(path) == expected, number
        assert not list(path.rglob("*.partial"))
    assert tried > 40


def test_every_operation_of_an_export(tmp_path: Path) -> None:
    module, description = make_network(*CASES["nasbench201"], 0)
    write_export(module, description, tmp_path / "whole", onnx=False, texts={"a.svg": "drawn"})
    expected = contents(tmp_path / "whole")
    for number in itertools.count(1):
        out = tmp_path / "exports" / "one"
        with failing(Disk(number)) as disk:
            try:
                write_export(module, description, out, onnx=False, texts={"a.svg": "drawn"})
            except RunError as error:
                assert "the disk is full" in str(error) and (not out.exists() or contents(out) == expected)
            else:
                break
        assert disk.count >= number
        left = list(out.parent.iterdir()) if out.parent.exists() else []
        assert left in ([], [out])  # whole, where only flushing the folder was refused
        if left:
            for file in out.iterdir():
                file.unlink()
    assert contents(out) == expected and number > 15


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(action: Callable[[], object], disk: Disk, folder: Path) -> None:
    """``action`` on ``disk`` ends in the clear error; or it was done before the disk refused.

    The error says that the last state is kept where there is one, a manifest; else it names the folder.
    """
    with failing(disk):
        try:
            action()
        except RunError as error:
            assert any(words in str(error) for words in WORDS.split("|")), error
            begun = (folder / "manifest.json").exists()
            named = ("state is kept", "manifest", "lock") if begun else (str(folder),)
            assert any(words in str(error) for words in named), error


@pytest.mark.parametrize("number", operations([120]))
def test_a_search_on_a_full_disk(number: int, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    skip_beyond("a search", number)
    config, folder, disk = MICRO if EVERY else EVERY_STEP, tmp_path / "run", Disk(number)
    refused(lambda: api.search(config, folder, recipe="micro"), disk, folder)
    skip_beyond("a search", number, disk.count)
    if (folder / "manifest.json").exists():
        api.resume(folder)
    else:
        api.search(config, folder, recipe="micro")
    assert {**outcome(folder), "running.pt": ""} == {**undisturbed, "running.pt": ""}


@pytest.mark.parametrize("number", operations([30]))
def test_a_ranking_on_a_full_disk(number: int, scored: Path, ranked, tmp_path: Path) -> None:
    skip_beyond("a ranking", number)
    from shutil import copytree

    from tests.loop.test_rank import timeless

    copytree(scored, tmp_path / "run")
    disk = Disk(number)
    with failing(disk):
        try:
            api.rank(tmp_path / "run", 6, second_seed=5, seed=3, processes=1)
        except RunError as error:
            assert "the disk is full" in str(error)
    skip_beyond("a ranking", number, disk.count)
    result = api.rank(tmp_path / "run", 6, second_seed=5, seed=3, processes=1)
    assert timeless(result) == timeless(ranked[1])
