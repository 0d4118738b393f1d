"""Processes that a test may kill, forked from one that has imported what a search needs: each is there at once."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[1]
PATHS = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
"""``PYTHONPATH`` of a process that is to find this checkout and its tests."""
IMPORTED = (
    "torch._dynamo", "scipy.stats", "matplotlib.backends.backend_svg", "PIL.Image", "jinja2", "safetensors.torch",
    "bnao.loop.run", "bnao.api.searching", "bnao.report.web.page", "bnao.loop.rank.run",
    "tests.processes", "tests.resume.worker", "tests.loop.conftest",
)  # fmt: skip


class Forked:
    """``main(*words)`` in a process of its own, whose exit code it returns; ``session``: in a session of its own."""

    def __init__(self, main: Callable[..., int], *words: str, session: bool = False) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*IMPORTED])
        with mock.patch.dict(os.environ, {"PYTHONPATH": PATHS}):
            forkserver.ensure_running()  # once for all tests of this process
        handle, path = tempfile.mkstemp()
        os.close(handle)
        self._text, self._session = Path(path), session
        self._process = context.Process(target=_run, args=(main, words, path, session))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def ended(self, timeout: float = 900.0) -> tuple[int, str]:
        """Exit code (-9: killed) and all that was printed, when the last of its session has ended, too."""
        end = time.monotonic() + timeout
        self._process.join(timeout)
        code = self._process.exitcode
        assert code is not None, "still running"
        while self._session and _any_left(self.pid):
            assert time.monotonic() < end, "a process of the session is left"
            time.sleep(0.05)
        text = self._text.read_text()
        self._text.unlink()
        return code, text


def _any_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _run(main: Callable[..., int], words: tuple[str, ...], path: str, session: bool) -> None:
    if session:
        os.setsid()
    with open(path, "w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    with mock.patch.object(os, "fsync", lambda handle: None):  # a kill, unlike a power cut, takes nothing from the disk
        sys.exit(main(*words))
