"""A lock for file systems that know none: files made exclusively (``O_EXCL``), numbered, the highest number holds.

    lock.7               {"pid": ..., "host": ..., "since": ...}: held; {"free": true}: given back

Whoever wants the lock makes the file with the next number, which only one process can; it looks again afterwards, and
withdraws where a higher number has come meanwhile. The file with the highest number is never removed, so a process that
was asleep between looking and making cannot mistake an old number for a free one. No rename, hard link or ``flock`` is
needed.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from bnao.storage.files import writing
from bnao.storage.processes import host_name, may_live

_FREE = b'{"free": true}\n'
_held: set[Path] = set()  # of this process, whose number tells nothing: a container's first process is always 1


class Held(Exception):
    """Another process holds it, or may; ``holder`` is what its file says, ``path`` that file."""

    def __init__(self, path: Path, holder: dict[str, Any]) -> None:
        super().__init__(path)
        self.path, self.holder = path, holder


class ExclusiveFile:
    """The lock ``folder/NAME.N``, taken at once: :class:`Held` where another process has it, RunError for the disk."""

    def __init__(self, folder: Path, name: str, holder: dict[str, Any]) -> None:
        self._key = folder.resolve() / name
        last, number = numbered(folder, name)[-1:], 1
        if last:
            number = last[0][0] + 1
            _refuse_held(last[0][1], self._key)
        self.path = folder / f"{name}.{number}"
        with writing(self.path):
            try:
                handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            except FileExistsError:
                raise Held(self.path, read_holder(self.path) or {}) from None
        try:
            with writing(self.path):
                os.write(handle, json.dumps(holder).encode("ascii") + b"\n")
                os.fsync(handle)
        except BaseException:
            with suppress(OSError):
                self.path.unlink()
            raise
        finally:
            os.close(handle)
        _, path = numbered(folder, name)[-1]
        if path != self.path:  # others have taken it and given it back since this process looked
            with suppress(OSError):
                self.path.unlink()
            raise Held(path, read_holder(path) or {})
        _held.add(self._key)
        for _, path in numbered(folder, name)[:-1]:
            with suppress(OSError):
                path.unlink()

    def release(self) -> None:
        """Give it back; the file stays, and says so."""
        _held.discard(self._key)
        with suppress(OSError):
            handle = os.open(self.path, os.O_WRONLY)
            try:
                os.ftruncate(handle, 0)
                os.write(handle, _FREE)
            finally:
                os.close(handle)


def numbered(folder: Path, name: str) -> list[tuple[int, Path]]:
    """The lock's files by number, lowest first."""
    form = re.compile(re.escape(name) + r"\.([1-9]\d{0,14})")
    with writing(folder):
        found = [(form.fullmatch(path.name), path) for path in folder.iterdir()]
    return sorted((int(match[1]), path) for match, path in found if match is not None)


def read_holder(path: Path) -> dict[str, Any] | None:
    """What a lock's file says; None where it says nothing that can be read."""
    try:
        holder = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return holder if isinstance(holder, dict) else None


def _refuse_held(path: Path, key: Path) -> None:
    """Raise Held unless the lock's last file is free, or of a process that has ended."""
    holder = read_holder(path)
    if key in _held or holder is None:  # it says nothing yet: its process is between making and writing it
        raise Held(path, holder or {})
    own = holder.get("pid") == os.getpid() and holder.get("host") == host_name()
    if holder.get("free") is True or own:
        return
    if may_live(holder.get("pid"), holder.get("host")):
        raise Held(path, holder)
