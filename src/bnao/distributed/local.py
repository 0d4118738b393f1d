"""Followers on this machine: processes that a run starts itself, and that end with it, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import bnao
from bnao.distributed.group import ProcessLost

VARIABLE = "BNAO_FOLLOWER"
"""Tells a follower its rank, the number of processes, and the folder in which they meet."""
INTERFACE = "GLOO_SOCKET_IFNAME"
START_SECONDS = 300.0  # for a follower to start and import torch on a busy machine
END_SECONDS = 10.0  # for a follower to end by itself when all is done


@dataclass(frozen=True)
class Place:
    """A process of one machine: its ``rank`` among ``size``, and the ``folder`` in which all find one another."""

    rank: int
    size: int
    folder: Path

    @property
    def store(self) -> Path:
        """The file through which they find one another."""
        return self.folder / "store"

    def errors(self, rank: int) -> Path:
        """What process ``rank`` prints to its error output."""
        return self.folder / f"errors-{rank}"

    def here(self, rank: int) -> Path:
        """Exists once process ``rank`` is ready."""
        return self.folder / f"here-{rank}"


class Followers:
    """``size - 1`` processes that run ``python -m MODULE``; a context manager that ends them."""

    def __init__(self, size: int, module: str, threads: int) -> None:
        self.place = Place(0, size, Path(tempfile.mkdtemp(prefix="bnao-")))
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        try:
            for rank in range(1, size):
                self._processes[rank] = self._start(rank, module, threads)
        except BaseException:
            self.close(kill=True)
            raise

    def _start(self, rank: int, module: str, threads: int) -> subprocess.Popen[bytes]:
        path = [str(Path(bnao.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        words = f"{rank} {self.place.size} {self.place.folder}"
        environ = {
            **os.environ, VARIABLE: words, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": str(threads),
            INTERFACE: loopback(),
        }  # fmt: skip
        with open(self.place.errors(rank), "wb") as errors, without_interrupt():
            return subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=environ,
            )  # fmt: skip

    def wait(self) -> None:
        """Until all are ready. Raises ProcessLost where one has ended, or takes very long."""
        until = time.monotonic() + START_SECONDS
        while not all(self.place.here(rank).exists() for rank in self._processes):
            ended = self.ended()
            if ended is None and time.monotonic() > until:
                ended = f"one of them did not start within {START_SECONDS:.0f} s"
            if ended is not None:
                raise ProcessLost(f"a run starts its processes itself; {ended}: use --processes 1")
            time.sleep(0.02)

    def ended(self) -> str | None:
        """What is known of one that has ended; None where all live."""
        for rank, process in self._processes.items():
            code = process.poll()
            if code is not None:
                printed = self.place.errors(rank).read_text(encoding="utf-8", errors="replace").strip()
                last = f"; it printed last: {printed.splitlines()[-1][:300]}" if printed else ""
                return f"process {rank} ended ({_code_words(code)}){last}"
        return None

    def close(self, *, kill: bool = False) -> None:
        """End them, at once where ``kill``; else they see that this process has nothing more to say, and end."""
        for process in self._processes.values():
            assert process.stdin is not None, "it has a pipe"
            with suppress(OSError):
                if kill:
                    process.kill()
                process.stdin.close()
        until = time.monotonic() + END_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        shutil.rmtree(self.place.folder, ignore_errors=True)


def _code_words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}" + ("; is memory short?" if code == -9 else "")
    return f"killed by signal {-code}"


def own_place() -> Place | None:
    """This follower's place; None where the process is none."""
    words = os.environ.get(VARIABLE, "").split(" ", 2)
    return Place(int(words[0]), int(words[1]), Path(words[2])) if len(words) == 3 else None


def end_with_parent() -> None:
    """From now on this process ends, at once and quietly, when the one that started it closes the pipe or is gone.

    The pipe is read below ``sys.stdin``: a reader that waits in it would hold its lock, and a process that is forked
    here (a decoder of pictures) closes it first thing.
    """
    pipe = sys.stdin.fileno()

    def watch() -> None:
        with suppress(OSError):
            while os.read(pipe, 1):
                pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="bnao-parent").start()


def loopback() -> str:
    """Name of the interface that stays within this machine."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in ("lo", "lo0") if name in names), names[0])


@contextmanager
def interface(name: str) -> Iterator[None]:
    """Within the context gloo connects through this interface."""
    before = os.environ.get(INTERFACE)
    os.environ[INTERFACE] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[INTERFACE]
        else:
            os.environ[INTERFACE] = before


def leave_signals() -> None:
    """From now on Ctrl-C and SIGTERM, which may be sent to every process, do nothing here: who started this decides."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def without_interrupt() -> Iterator[None]:
    """A process started within it never gets Ctrl-C, not even while it imports: it would answer with a trace."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
