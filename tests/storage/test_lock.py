"""The lock of a run, with flock and on a file system that has none."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bnao.errors import RunError
from bnao.loop.config import SearchConfig
from bnao.storage import RunFolder, exclusive, lock
from bnao.storage.exclusive import ExclusiveFile, Held, numbered
from bnao.storage.lock import Lock
from bnao.storage.processes import host_name


@pytest.fixture
def no_flock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Network:
        """fcntl as some network mounts answer it."""

        LOCK_EX = LOCK_NB = 0

        @staticmethod
        def flock(handle: int, how: int) -> None:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(lock, "fcntl", Network)
    yield
    exclusive._held.clear()


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_without_flock_one_holds_it_and_the_next_follows(
    error: int, tmp_path: Path, no_flock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, how: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(lock.fcntl, "flock", flock)
    for turn in range(3):
        with Lock(tmp_path):
            with pytest.raises(RunError, match=rf"in use by process {os.getpid()} on {host_name()} since .*remove"):
                Lock(tmp_path)
            assert [number for number, _ in numbered(tmp_path, "lock")] == [turn + 1]
    assert json.loads((tmp_path / "lock.3").read_bytes()) == {"free": True}


def leave(folder: Path, number: int, content: bytes) -> None:
    (folder / f"lock.{number}").write_bytes(content)


def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path, no_flock: None) -> None:
    leave(tmp_path, 7, json.dumps({"pid": ended(), "host": host_name()}).encode())
    with Lock(tmp_path) as mine:
        assert mine.path == tmp_path / "lock" and [n for n, _ in numbered(tmp_path, "lock")] == [8]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", json.dumps({"pid": 1, "host": "elsewhere", "since": "today"}).encode()]
)
def test_what_may_be_held_is_refused_and_the_file_named(content: bytes, tmp_path: Path, no_flock: None) -> None:
    leave(tmp_path, 2, content)
    with pytest.raises(RunError, match=r"one process at a time.*or, if that process has ended, remove '.*lock.2'"):
        Lock(tmp_path)
    (tmp_path / "lock.2").unlink()
    Lock(tmp_path).release()


def test_a_process_of_the_same_number_on_another_host_keeps_it(tmp_path: Path, no_flock: None) -> None:
    leave(tmp_path, 2, json.dumps({"pid": os.getpid(), "host": "another container"}).encode())
    with pytest.raises(RunError, match="on another container"):
        Lock(tmp_path)
    leave(tmp_path, 3, json.dumps({"pid": os.getpid(), "host": host_name()}).encode())
    with Lock(tmp_path):
        assert [number for number, _ in numbered(tmp_path, "lock")] == [4]


def test_a_living_process_keeps_it(tmp_path: Path, no_flock: None) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    leave(tmp_path, 1, json.dumps({"pid": process.pid, "host": host_name()}).encode())
    with pytest.raises(RunError, match=f"in use by process {process.pid}"):
        Lock(tmp_path)
    process.communicate(b"\n")
    Lock(tmp_path).release()


def test_one_who_slept_between_looking_and_making_withdraws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B sees that 1 is free and sleeps; A takes 2, gives it back, C takes 3 and sweeps: B must not hold 2."""
    leave(tmp_path, 1, b'{"free": true}')
    real, looked = exclusive.numbered, []

    def slept(folder: Path, name: str) -> list[tuple[int, Path]]:
        if not looked:
            looked.append(real(folder, name))
            (tmp_path / "lock.1").unlink()
            leave(tmp_path, 3, b'{"pid": 1, "host": "elsewhere"}')
            return looked[0]
        return real(folder, name)

    monkeypatch.setattr(exclusive, "numbered", slept)
    with pytest.raises(Held):
        ExclusiveFile(tmp_path, "lock", {"pid": 5})
    assert [number for number, _ in real(tmp_path, "lock")] == [3]


def test_of_many_at_once_one_gets_it(tmp_path: Path) -> None:
    """Threads stand for processes: each with a number of its own."""
    got, start = [], threading.Barrier(8)

    def take(number: int) -> None:
        start.wait()
        with suppress(Held, RunError):
            got.append(ExclusiveFile(tmp_path, "lock", {"pid": 1, "host": f"machine {number}"}))

    for _ in range(10):
        threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) <= 1
        while got:
            got.pop().release()


def test_a_run_on_such_a_file_system(tmp_path: Path, no_flock: None) -> None:
    path = tmp_path / "run"
    with RunFolder.create(path, config=SearchConfig(), recipe="x"), pytest.raises(RunError, match="one process at a"):
        RunFolder.resume(path)
    RunFolder.resume(path).close()
    (path / "manifest.json").unlink()  # killed before it had one
    RunFolder.create(path, config=SearchConfig(), recipe="x").close()
