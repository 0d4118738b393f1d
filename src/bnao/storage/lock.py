"""One process at a time writes to a run: an advisory lock that dies with its process."""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from bnao.errors import RunError
from bnao.storage.exclusive import ExclusiveFile, Held, read_holder
from bnao.storage.files import write_error, writing
from bnao.storage.manifest import utc_now
from bnao.storage.processes import holder

try:
    import fcntl
except ImportError:  # no POSIX system
    fcntl = None  # type: ignore[assignment]

FILE_NAME = "lock"
_NO_LOCKS = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL)


class Lock:
    """The lock of a run folder, taken at once or refused; a context manager that gives it back.

    The file ``lock`` says who holds it (process number, host, since when), or is empty. The operating system holds the
    lock itself (``flock``), so that a killed process leaves none behind. On a file system that knows no such locks
    files decide that are made exclusively (:class:`~bnao.storage.exclusive.ExclusiveFile`): the lock is refused while
    its process lives, and also when another host left it, for that process cannot be seen from here.

    Raises RunError when another process holds it, or when the folder cannot be written.

    >>> import tempfile
    >>> with Lock(Path(tempfile.mkdtemp())) as lock:
    ...     lock.path.exists()
    True
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._exclusive: ExclusiveFile | None = None
        with writing(self.path):
            self._handle: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._take(self._handle)
        except BaseException:
            os.close(self._handle)
            raise

    def _take(self, handle: int) -> None:
        mine = {**holder(), "since": utc_now()}
        try:
            if fcntl is None:
                raise OSError(errno.ENOTSUP, "no flock")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._refused(read_holder(self.path) or {}) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise write_error(self.path, error) from error
            try:
                self._exclusive = ExclusiveFile(self.path.parent, FILE_NAME, mine)
            except Held as held:
                raise self._refused(held.holder, held.path) from None
        try:
            with writing(self.path):
                os.ftruncate(handle, 0)
                os.pwrite(handle, json.dumps(mine).encode("ascii") + b"\n", 0)
        except BaseException:
            if self._exclusive is not None:
                self._exclusive.release()
            raise

    def _refused(self, by: dict[str, Any], file: Path | None = None) -> RunError:
        """``file``: the one that is in the way where the operating system holds no lock."""
        gone = "" if file is None else f"; or, if that process has ended, remove {str(file)!r}"
        return RunError(
            f"one process at a time works on a run; {str(self.path.parent)!r} is in use by process "
            f"{by.get('pid', 'of unknown number')} on {by.get('host', 'an unknown host')} since "
            f"{by.get('since', 'an unknown time')}: wait for it or stop it (`bnao watch` may look on){gone}"
        )

    def release(self) -> None:
        """Give it back. The file stays, empty: removing it could pull it from under the next process."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        try:
            with suppress(OSError):
                os.ftruncate(handle, 0)
            if self._exclusive is not None:
                self._exclusive.release()
        finally:
            os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def is_lock(name: str) -> bool:
    """Whether a file of this name is a lock's: it belongs to no run."""
    head, _, number = name.partition(".")
    return head == FILE_NAME and (name == FILE_NAME or number.isdecimal())
