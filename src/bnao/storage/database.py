"""A small sqlite file: one connection, typed rows, whole transactions, every failure a RunError.

The rollback journal (``journal_mode=DELETE``) works on network file systems, where the write-ahead log does not;
``synchronous=FULL`` makes a finished transaction survive a power cut.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bnao.errors import RunError

Write = Callable[[str, Sequence[Sequence[Any]]], None]


class Database:
    """The file ``path`` (None: in memory), created with ``schema`` where there is none.

    ``version`` is the number in ``user_version`` that this program reads and writes; ``kind`` the word for messages.
    Raises RunError for a file that is damaged, cut, of another kind or another version.
    """

    def __init__(self, path: Path | None, *, schema: str, version: int, kind: str) -> None:
        self.name, self.kind = str(path) if path else "memory", kind
        with self._errors():
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=30.0)
        try:
            with self._errors():
                self._open(schema, version)
        except RunError:
            self._connection.close()
            raise

    def _open(self, schema: str, version: int) -> None:
        connection = self._connection
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        [tables] = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        [found] = connection.execute("PRAGMA user_version").fetchone()
        if tables == 0 and found == 0:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")
        elif found != version:
            raise RunError(
                f"this bnao reads {self.kind} files of version {version}; {self.name!r} has version {found}: "
                f"use the bnao that wrote it"
            )
        [state] = connection.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise self._damaged(state)

    @contextmanager
    def transaction(self) -> Iterator[Write]:
        """Within it, ``write(sql, rows)`` runs ``sql`` once for each row; all takes effect at the end, or nothing."""
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._write
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _write(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, types: Sequence[Any], values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; each column must be of its type. Raises RunError where a damaged file says otherwise."""
        with self._errors():
            found = self._connection.execute(sql, values).fetchall()
        for row in found:
            for value, expected in zip(row, types, strict=True):
                if not isinstance(value, expected):
                    raise self._damaged(f"{str(value)[:40]!r} is not of type {getattr(expected, '__name__', expected)}")
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _damaged(self, what: object) -> RunError:
        detail = " ".join(str(what).split())[:160]
        return RunError(
            f"a {self.kind} file must be whole; {self.name!r} is damaged ({detail}): restore it from a copy, "
            f"or search anew"
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError) as error:
            code = getattr(error, "sqlite_errorname", "")
            remedy = _REMEDIES.get("_".join(code.split("_")[:2]))
            if remedy:
                raise RunError(f"a run's files must be accessible; {self.name!r} is not: {remedy}") from error
            raise self._damaged(error) from error


_REMEDIES = {
    "SQLITE_FULL": "the disk is full: free some space or write to another disk",
    "SQLITE_READONLY": "it is read-only: write to a folder that is yours",
    "SQLITE_CANTOPEN": "it cannot be opened: check that its folder exists and is yours",
    "SQLITE_BUSY": "another process is writing to it: wait for that process or stop it",
    "SQLITE_PERM": "permission is denied: write to a folder that is yours",
    "SQLITE_IOERR": "the disk reports an error: check the disk and its free space",
}
