"""Whether a folder may become a new run's."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from bnao.errors import RunError
from bnao.storage import files
from bnao.storage.lock import is_lock
from bnao.storage.manifest import FILE_NAME, Kind, Manifest

STATE = "state"


def refuse_used(path: Path, kind: Kind = "search") -> None:
    """Raise RunError unless ``path`` is an empty folder or does not exist; ``kind`` of the new run is for messages.

    What a process leaves that is killed before its run has a manifest does not count.
    """
    rule = f"a {kind} writes to a new or empty folder"
    if "\0" in str(path):
        raise RunError(f"{rule}; {str(path)!r} holds a zero character: choose another folder")
    try:
        if not path.exists():
            return _refuse_unwritable(path)
        if not path.is_dir():
            raise RunError(f"{rule}; {str(path)!r} is a file: choose another folder")
        names = sorted(item.name for item in path.iterdir() if not _left_behind(item))
    except OSError as error:
        raise files.read_error(path, error) from error
    if FILE_NAME in names:
        raise RunError(f"{rule}; {str(path)!r} holds another run ({_describe(path)}): {_remedy(path)}")
    if names:
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise RunError(f"{rule}; {str(path)!r} holds {len(names)} other file(s) ({some}): choose another")


def _refuse_unwritable(path: Path) -> None:
    """Raise RunError where the folder that ``path`` would be made in cannot be written."""
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise files.write_error(path, NotADirectoryError(errno.ENOTDIR, "Not a directory"))
    if not os.access(parent, os.W_OK | os.X_OK):
        raise files.write_error(path, PermissionError(errno.EACCES, "Permission denied"))


def _left_behind(item: Path) -> bool:
    if item.name == STATE:
        return item.is_dir() and not any(item.iterdir())
    return is_lock(item.name) or item.match(files.PARTIAL)


def _describe(path: Path) -> str:
    try:
        other = Manifest.read(path)
    except RunError:
        return "its manifest cannot be read"
    return f"recipe {other.recipe}, {other.status}, of {other.created}"


def _remedy(path: Path) -> str:
    with suppress(RunError):
        if Manifest.read(path).status == "running":
            return f"go on with it by `bnao resume {path}`, or choose another folder"
    return "choose another folder, or delete it"
