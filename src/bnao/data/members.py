"""Named files of one archive: an extracted folder, or a tar file that is read in place. Imports no torch.

A tar file is never extracted to disk: only regular members are looked at, by the last part of their name, so none can
write or point outside.
"""

from __future__ import annotations

import lzma
import tarfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import final

from bnao.errors import DataError

_MAX_MEMBER_BYTES = 2**29
_MAX_MEMBERS = 10_000
_DAMAGED = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


class Members(ABC):
    """The regular files of an archive: ``names`` and, on demand, their content."""

    def __init__(self, path: Path, names: frozenset[str]) -> None:
        self.path = path
        self.names = names

    @abstractmethod
    def each(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """(name, content) of the files ``names``, in any order. Raises DataError if one is missing or damaged."""

    def one(self, name: str) -> bytes:
        """The content of one file."""
        return next(content for found, content in self.each([name]) if found == name)

    def need(self, names: Collection[str]) -> None:
        """Raise DataError unless all ``names`` are there."""
        if missing := sorted(set(names) - self.names):
            raise DataError(
                f"an archive of this kind has the files {', '.join(sorted(names))}; {self.path} lacks "
                f"{', '.join(missing)}: obtain it again"
            )


@final
class FolderMembers(Members):
    """Files directly in a folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, frozenset(p.name for p in path.iterdir() if p.is_file()))

    def each(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        self.need(names)
        for name in names:
            file = self.path / name
            try:
                _check_size(file.stat().st_size, file)
                yield name, file.read_bytes()
            except OSError as error:
                raise DataError(f"a data file must be readable; {file} is not ({error}): check it") from error


@final
class TarMembers(Members):
    """Regular members of a tar file, plain or compressed, named by the last part of their path.

    Lists the whole file, so a truncated one is found at once.
    """

    def __init__(self, path: Path) -> None:
        names = [name for name, _ in _walk(path, frozenset())]
        if doubled := {n for n in names if names.count(n) > 1}:
            raise DataError(f"files of an archive have different names; {path} has two {min(doubled)!r}: make it anew")
        super().__init__(path, frozenset(names))

    def each(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        self.need(names)
        wanted = frozenset(names)
        for name, content in _walk(self.path, wanted):
            if content is not None:
                yield name, content


def tar_has(path: Path, names: Collection[str]) -> bool:
    """Whether ``path`` is a tar file with one of ``names``; stops at the first, raises nothing."""
    if not path.is_file():
        return False
    try:
        return any(name in names for name, _ in _walk(path, frozenset()))
    except DataError:
        return False


def _walk(path: Path, wanted: frozenset[str]) -> Iterator[tuple[str, bytes | None]]:
    try:
        with tarfile.open(path, "r:*") as archive:
            for count, member in enumerate(archive):
                if count >= _MAX_MEMBERS:
                    raise DataError(f"an archive has at most {_MAX_MEMBERS} files; {path} has more: unpack it yourself")
                if not member.isreg():
                    continue
                name = PurePosixPath(member.name).name
                content = None
                if name in wanted:
                    _check_size(member.size, f"{member.name} in {path}")
                    stream = archive.extractfile(member)
                    assert stream is not None
                    content = stream.read()
                    if len(content) != member.size:
                        raise EOFError(f"{member.name} ends early")
                yield name, content
    except DataError:
        raise
    except _DAMAGED as error:
        raise DataError(
            f"an archive must be a whole tar file; reading {path} failed ({error}): obtain it again"
        ) from error


def _check_size(num_bytes: int, where: object) -> None:
    if num_bytes > _MAX_MEMBER_BYTES:
        raise DataError(
            f"a file of a CIFAR archive has at most {_MAX_MEMBER_BYTES} bytes; {where} claims {num_bytes}: "
            "obtain it again"
        )
