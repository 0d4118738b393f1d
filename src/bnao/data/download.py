"""Fetching CIFAR from its official address, with a checked hash. Imports no torch."""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bnao.errors import DataError, unknown_name

_BLOCK = 2**20
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A file to fetch: its address, MD5, and the most bytes it may have. (MD5 is what the authors publish.)"""

    url: str
    md5: str
    file_name: str
    max_bytes: int = 2**28


ARCHIVES = {
    "cifar10": Archive(
        url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        md5="c58f30108f718f92721af3b95e74349a",
        file_name="cifar-10-python.tar.gz",
    ),
    "cifar100": Archive(
        url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        md5="eb9058c3a382ffc7106e4002c42a8d85",
        file_name="cifar-100-python.tar.gz",
    ),
}


def fetch_cifar(name: str, folder: Path, progress: Progress | None = None) -> Path:
    """The python archive of ``cifar10`` or ``cifar100`` in ``folder``, fetched unless it is there.

    ``progress(bytes so far, bytes in all or None)`` is called now and then. Returns the file's path. Raises
    SettingError for another name; DataError without a network, on a wrong hash, or if the folder cannot be written.
    """
    if name not in ARCHIVES:
        raise unknown_name("download", name, ARCHIVES)
    return fetch(ARCHIVES[name], folder, progress)


def is_fetched(name: str, folder: Path) -> bool:
    """Whether the archive is in ``folder`` (its hash is checked by :func:`fetch_cifar`)."""
    return (folder / ARCHIVES[name].file_name).is_file()


def fetch(archive: Archive, folder: Path, progress: Progress | None = None, timeout_seconds: float = 30.0) -> Path:
    """``archive`` in ``folder``, fetched unless it is there; written under another name and renamed once verified."""
    target = folder / archive.file_name
    if target.is_file():
        found = _md5(target)
        if found != archive.md5:
            raise DataError(f"{target} has MD5 {archive.md5}; received {found}: delete it and fetch again")
        return target
    temporary = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")
        with os.fdopen(handle, "wb") as file:
            found = _receive(archive, file.write, progress, timeout_seconds)
        if found != archive.md5:
            raise DataError(
                f"what {archive.url} sends has MD5 {archive.md5}; received {found}: try again, and do not use it"
            )
        os.replace(temporary, target)
        temporary = None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        raise DataError(
            f"a download needs a network; {archive.url} could not be reached ({error}): fetch the file elsewhere and "
            f"put it at {target}, or use --data sample"
        ) from error
    except OSError as error:
        raise DataError(
            f"a download needs a network and a writable folder; {target} failed ({error}): check both"
        ) from error
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
    return target


def _receive(
    archive: Archive, write: Callable[[bytes], object], progress: Progress | None, timeout_seconds: float
) -> str:
    """Write what the address sends; returns its MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    done = 0
    with urllib.request.urlopen(archive.url, timeout=timeout_seconds) as response:
        length = response.headers.get("Content-Length")
        total = int(length) if length and length.isdigit() else None
        while block := response.read(_BLOCK):
            done += len(block)
            if done > archive.max_bytes:
                raise DataError(f"{archive.url} sends at most {archive.max_bytes} bytes; it sent more: try again later")
            digest.update(block)
            write(block)
            if progress is not None:
                progress(done, total)
    return digest.hexdigest()


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
