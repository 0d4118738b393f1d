"""A folder that appears whole or not at all: written beside its place, then renamed into it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bnao.errors import RunError
from bnao.storage import files
from bnao.storage.processes import host_name, may_live


def refuse_taken(out: Path) -> None:
    """Raise RunError unless ``out`` is an empty folder, or does not exist."""
    rule = "an export writes to a new or empty folder"
    if "\0" in str(out):
        raise RunError(f"{rule}; {str(out)!r} holds a zero character: choose another folder")
    try:
        if out.exists() and not out.is_dir():
            raise RunError(f"{rule}; {str(out)!r} is a file: choose another folder")
        names = sorted(item.name for item in out.iterdir()) if out.exists() else []
    except OSError as error:
        raise files.read_error(out, error) from error
    if names:
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise RunError(f"{rule}; {str(out)!r} holds {len(names)} file(s) ({some}): choose another, or empty it")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A new folder beside ``out`` that becomes ``out`` at the end; on an exception it is removed.

    It is called ``.NAME.HOST.PID.partial``. One that a killed process of this host has left for the same ``out`` is
    removed first. Raises RunError if ``out`` is taken, or the disk refuses.

    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "parts" / "one"
    >>> with whole_folder(out) as folder:
    ...     _ = (folder / "a.txt").write_text("a")
    ...     print(out.exists())
    False
    >>> [path.name for path in out.iterdir()]
    ['a.txt']
    """
    refuse_taken(out)
    target = Path(os.path.abspath(out))
    _sweep(target)
    temporary = target.with_name(f".{target.name}.{_host()}.{os.getpid()}.partial")
    with files.writing(out):
        temporary.mkdir(parents=True)
    try:
        yield temporary
        with files.writing(out):
            files.sync_folder(temporary)
            refuse_taken(out)
            os.rename(temporary, target)  # over an empty folder too
            files.sync_folder(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", host_name())[:64]


def _sweep(target: Path) -> None:
    """Remove what processes have left of exports to ``target`` that ended before they were whole."""
    form = re.compile(re.escape(f".{target.name}.{_host()}.") + r"([1-9]\d{0,9})\.partial")
    with suppress(OSError):  # what cannot be removed does no harm
        found = [(form.fullmatch(path.name), path) for path in target.parent.iterdir()]
        for match, path in found:
            if match is not None and (int(match[1]) == os.getpid() or not may_live(int(match[1]), host_name())):
                shutil.rmtree(path, ignore_errors=True)
