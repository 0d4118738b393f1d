"""Named files of one archive: an extracted folder, or a tar file that is read in place. Imports no torch.

A tar file is never extracted to disk: only regular members are looked at, by the last part of their name, so none can
write or point outside.
"""

from __future__ import annotations

import tarfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import final

from bnao.errors import DataError

_MAX_MEMBER_BYTES = 2**29
_MAX_MEMBERS = 10_000
_MAX_NAME_BYTES = 2**20  # of the extra headers that hold long names
_EXTRA = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Header(tarfile.TarInfo):
    """A member's header. Sizes that no archive has are refused where tarfile would go by them.

    A negative one leads back to a header that was read before, for ever (CVE-2025-8194); a header of long names is read
    as a whole, and a packed archive of a few bytes can hold one of many gigabytes.
    """

    def _block(self, count: int) -> int:  # tarfile asks it for every size
        if count < 0 or (self.type in _EXTRA and count > _MAX_NAME_BYTES):
            raise tarfile.ReadError(f"a header claims {count} bytes")
        return -(-count // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


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
        with tarfile.open(path, "r:*", tarinfo=_Header) as archive:
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
    except Exception as error:  # tarfile and its decompressors raise a dozen types; all mean a damaged file
        reason = str(error)[:400] or type(error).__name__
        raise DataError(
            f"an archive must be a whole tar file; reading {path} failed ({reason}): obtain it again"
        ) from error


def _check_size(num_bytes: int, where: object) -> None:
    if not 0 <= num_bytes <= _MAX_MEMBER_BYTES:
        raise DataError(
            f"a file of a CIFAR archive has at most {_MAX_MEMBER_BYTES} bytes; {where} claims {num_bytes}: "
            "obtain it again"
        )
