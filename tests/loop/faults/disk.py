"""A disk that refuses: the n-th operation that changes anything on it fails, and by choice all that follow.

Counted are, in :mod:`bnao.storage` and :mod:`bnao.delivery`: a file opened to be written, its first write (half of it
reaches the file) and every one of the event log, ``fsync``, ``replace``, ``rename``, ``mkdir``, and in the pool's
database each statement that changes rows, each BEGIN and COMMIT. Removing works, as on a full disk.
"""

from __future__ import annotations

import builtins
import errno
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from bnao.storage import database, event_log, files

EVERY = int(os.environ.get("BNAO_FAULTS", "0"))
"""1: whole runs are tried at every operation; n: at every n-th; 0: at a few."""
MOST = 1000  # more than any run of the tests has
_ends: dict[str, int] = {}
_SQLITE = {errno.ENOSPC: "SQLITE_FULL", errno.EIO: "SQLITE_IOERR_WRITE", errno.EROFS: "SQLITE_READONLY"}


def operations(few: Iterable[int]) -> Iterable[int]:
    """The numbers of the operations that are tried."""
    return range(1, MOST, EVERY) if EVERY else few


def skip_beyond(action: str, number: int, count: int | None = None) -> None:
    """Skip a test whose ``action`` has fewer operations than ``number``; ``count``: so many were made."""
    if count is not None and count < number:
        _ends[action] = min(number, _ends.get(action, MOST))
    if number >= _ends.get(action, MOST):
        pytest.skip(f"{action} has fewer operations")


class Disk:
    """Counts operations; from the ``fails``-th on (or at that one alone) each is refused with the error ``code``."""

    def __init__(self, fails: int, *, code: int = errno.ENOSPC, alone: bool = False) -> None:
        self.fails, self.code, self.alone = fails, code, alone
        self.count = 0

    def refuses(self) -> bool:
        """Count one operation; whether it fails."""
        self.count += 1
        return self.count == self.fails if self.alone else self.count >= self.fails

    def error(self) -> OSError:
        return OSError(self.code, os.strerror(self.code))

    def counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def one(*arguments: Any, **keywords: Any) -> Any:
            if self.refuses():
                raise self.error()
            return call(*arguments, **keywords)

        return one

    def open(self, path: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
        if not set(mode) & set("wax+"):
            return builtins.open(path, mode, *arguments, **keywords)
        if self.refuses():
            raise self.error()
        return _File(builtins.open(path, mode, *arguments, **keywords), self, each="a" in mode)

    def connect(self, *arguments: Any, **keywords: Any) -> sqlite3.Connection:
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
                if sql.split()[0] in ("COMMIT", "BEGIN") and disk.refuses():
                    raise disk.sqlite_error()
                return super().execute(sql, *rest)

            def executemany(self, sql: str, *rest: Any) -> sqlite3.Cursor:
                if disk.refuses():
                    raise disk.sqlite_error()
                return super().executemany(sql, *rest)

        return sqlite3.connect(*arguments, factory=Connection, **keywords)

    def sqlite_error(self) -> sqlite3.OperationalError:
        error = sqlite3.OperationalError("the disk refuses")
        error.sqlite_errorname = _SQLITE[self.code]  # type: ignore[misc]
        return error


class _File:
    """A file whose writes are counted (the first of each opening, of a log all); half of one that fails is written."""

    def __init__(self, file: Any, disk: Disk, each: bool) -> None:
        self._file, self._disk, self._each, self._begun = file, disk, each, False

    def write(self, content: Any) -> int:
        counts, self._begun = self._each or not self._begun, True
        if counts and self._disk.refuses():
            self._file.write(bytes(content)[: len(content) // 2])
            raise self._disk.error()
        return int(self._file.write(content))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()


@contextmanager
def failing(disk: Disk) -> Iterator[Disk]:
    """Within it all that bnao writes goes to this disk."""
    changed = [(os, name) for name in ("fsync", "replace", "rename", "ftruncate")] + [(Path, "mkdir")]
    with ExitStack() as stack:
        for module in (files, event_log):
            stack.enter_context(mock.patch.object(module, "open", disk.open, create=True))
        stack.enter_context(mock.patch.object(os, "fsync", lambda handle: None))  # so many real ones take minutes
        for owner, name in changed:
            stack.enter_context(mock.patch.object(owner, name, disk.counted(getattr(owner, name))))
        stack.enter_context(mock.patch.object(database, "sqlite3", _Sqlite(disk)))
        yield disk


class _Sqlite:
    """The module sqlite3 with another ``connect``."""

    def __init__(self, disk: Disk) -> None:
        self.connect = disk.connect

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)
