"""One process at a time writes to a run: an advisory lock that dies with its process."""

from __future__ import annotations

import errno
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Self

from bnao.errors import RunError
from bnao.storage.files import write_error, writing
from bnao.storage.manifest import utc_now

try:
    import fcntl
except ImportError:  # no POSIX system
    fcntl = None  # type: ignore[assignment]

FILE_NAME = "lock"


class Lock:
    """The lock of a run folder, taken at once or refused; a context manager that gives it back.

    The file ``lock`` says who holds it (process number, host, since when), or is empty. The operating system holds the
    lock itself (``flock``), so that a killed process leaves none behind. On a file system that knows no such locks the
    file alone decides: it is refused while its process lives, and also when another host left it, for that process
    cannot be seen from here.

    Raises RunError when another process holds it, or when the folder cannot be written.

    >>> import tempfile
    >>> with Lock(Path(tempfile.mkdtemp())) as lock:
    ...     lock.path.exists()
    True
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        with writing(self.path):
            self._handle: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._take(self._handle)
        except BaseException:
            os.close(self._handle)
            raise

    def _take(self, handle: int) -> None:
        try:
            if fcntl is None:
                raise OSError(errno.ENOTSUP, "no flock")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._refused() from None
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS):
                raise write_error(self.path, error) from error
            if _may_live(_holder(self.path)):
                raise self._refused() from None
        holder = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": utc_now()})
        with writing(self.path):
            os.ftruncate(handle, 0)
            os.pwrite(handle, holder.encode("ascii") + b"\n", 0)

    def _refused(self) -> RunError:
        holder = _holder(self.path)
        return RunError(
            f"one process at a time works on a run; {str(self.path.parent)!r} is in use by process "
            f"{holder.get('pid', 'of unknown number')} on {holder.get('host', 'an unknown host')} since "
            f"{holder.get('since', 'an unknown time')}: wait for it or stop it (`bnao watch` may look on)"
        )

    def release(self) -> None:
        """Give it back. The file stays, empty: removing it could pull it from under the next process."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        try:
            with suppress(OSError):
                os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def _holder(path: Path) -> dict[str, object]:
    try:
        holder = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}


def _may_live(holder: dict[str, object]) -> bool:
    """Whether the process that wrote the file may still run, as far as it can be known without a lock."""
    pid = holder.get("pid")
    if not isinstance(pid, int):
        return False
    if holder.get("host") != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid != os.getpid()
