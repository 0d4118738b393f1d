"""Files that are either whole or not there: written beside their place, flushed to the disk, then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bnao.errors import RunError
from bnao.storage.plain import to_plain
from bnao.storage.text import has_lone_surrogate, whole_number

PARTIAL = ".*.partial"  # what temporary files are called
MAX_JSON_BYTES = 2**30
DEEPEST = 60  # levels of a JSON file

_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space or write to another disk",
    errno.EDQUOT: "the disk quota is used up: free some space or write to another disk",
    errno.EROFS: "the disk is read-only: write to another folder",
    errno.EACCES: "permission is denied: write to a folder that is yours",
    errno.EPERM: "permission is denied: write to a folder that is yours",
    errno.ENOENT: "the folder does not exist: create it first, or choose another",
    errno.EEXIST: "this file system cannot rename a file over another: write to another disk",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.ENOTDIR: "a part of the path is a file: choose another folder",
}


def write_error(path: Path, error: OSError) -> RunError:
    """The RunError for a failed write: rule, path, and what to do about this kind of failure."""
    remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror or error}: check the disk")
    return RunError(f"a run's files must be writable; {str(path)!r} is not: {remedy}")


def read_error(path: Path, error: OSError) -> RunError:
    """The RunError for a failed read."""
    if isinstance(error, FileNotFoundError):
        return RunError(f"{str(path)!r} is missing: check the path, or restore the file from a copy")
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return RunError(f"{str(path)[:60]!r}... is no usable path; {error.strerror}: choose a shorter one")
    return RunError(f"{str(path)!r} must be readable; {error.strerror or error}: check its permissions and the disk")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Within it a failure of the operating system is the RunError of :func:`write_error` for ``path``."""
    try:
        yield
    except OSError as error:
        raise write_error(path, error) from error


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename in it survives a power cut.

    File systems that cannot do this (some network mounts answer EINVAL or ENOTSUP) are left as they are: the rename
    is atomic there too.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Create or replace ``path`` with what ``write`` puts into the binary file it is given, all or nothing.

    Raises RunError when the disk is full or read-only; neither a half file nor a temporary one stays, and the former
    content of ``path`` is kept. The temporary file is called ``.NAME.PID.partial``, in the same folder.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.bin"
    >>> write_atomic(path, lambda file: file.write(b"whole"))
    >>> path.read_bytes()
    b'whole'
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # after the rename there is nothing to remove
            os.unlink(temporary)


def read_bytes(path: Path) -> bytes:
    """The whole content of a file. Raises RunError if it is missing or not readable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise read_error(path, error) from error


def json_bytes(value: Any) -> bytes:
    """Standard JSON in the order given, two blanks of indent and a final newline, in ASCII; see :func:`to_plain`.

    >>> json_bytes({"b": float("nan"), "a": (1, 2)}).decode().split()
    ['{', '"b":', '"nan",', '"a":', '[', '1,', '2', ']', '}']
    """
    return (json.dumps(to_plain(value), indent=2, allow_nan=False) + "\n").encode("ascii")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` (plain values, tuples, dataclasses) as JSON, atomically. Raises RunError."""
    content = json_bytes(value)
    write_atomic(path, lambda file: file.write(content))


def parse_json(content: bytes, path: Path) -> Any:
    """The value of JSON bytes read from ``path``. Raises RunError that says where they are damaged.

    Values nested deeper than :data:`DEEPEST` are refused, so that none is too deep for what goes through them.
    """
    try:
        value = json.loads(content.decode("utf-8"), parse_int=whole_number)
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError and JSONDecodeError
        raise RunError(f"{str(path)!r} must be JSON; it is damaged ({error}): restore it from a copy") from error
    if has_lone_surrogate(content, value):
        raise RunError(f"{str(path)!r} must be JSON of whole characters; it has halves of some: restore it from a copy")
    layer = [value]
    for _ in range(DEEPEST):
        layer = [
            item
            for holder in layer
            if isinstance(holder, (dict, list))
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not layer:
            return value
    raise RunError(f"{str(path)!r} must be JSON of at most {DEEPEST} levels; it has more: restore it from a copy")


def read_json(path: Path) -> Any:
    """The value of a JSON file. Raises RunError if it is missing, damaged, or larger than :data:`MAX_JSON_BYTES`."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise read_error(path, error) from error
    if size > MAX_JSON_BYTES:
        raise RunError(
            f"a JSON file has at most {MAX_JSON_BYTES:,} bytes; {str(path)!r} has {size:,}: restore it from a copy"
        )
    return parse_json(read_bytes(path), path)


def sha256(path: Path) -> tuple[str, int]:
    """The file's SHA-256 as hexadecimal digits, and its size in bytes. Raises RunError."""
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise read_error(path, error) from error
    return digest.hexdigest(), size
