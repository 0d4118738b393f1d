"""The running piece of work, saved from time to time: a killed process loses at most the time between two saves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bnao.errors import RunError
from bnao.loop.stages import Stage, StageLog
from bnao.loop.stopping import Stop
from bnao.storage import Commit, load_state, save_state

RUNNING = "running.pt"
SHARE = 50  # a save that takes one second comes at most once in so many seconds


class SaveClock:
    """When a running piece of work is saved, and how long it has taken over all its processes.

    A save is due ``every`` seconds after the last one, later where that one took more than 2 % of this time; with 0
    after each step; at once when ``stop`` is asked for.
    """

    def __init__(self, every: float, stop: Stop) -> None:
        self._asked = self._every = every
        self._stop = stop
        self._last = self._start = time.monotonic()
        self.before = 0.0  # seconds spent in former processes, up to their last save

    @property
    def seconds(self) -> float:
        """Seconds spent, in former processes up to their last save too."""
        return self.before + time.monotonic() - self._start

    def due(self) -> bool:
        """Whether to save now. A stop that is asked for after this answer waits for the next one."""
        asked = self._stop.asked
        self._stop.unsaved = not asked
        return asked or time.monotonic() - self._last >= self._every

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Around a save: what it takes decides how soon the next one may come."""
        start = time.monotonic()
        yield
        self._last = time.monotonic()
        if self._asked > 0:
            self._every = max(self._asked, SHARE * (self._last - start))


class StageSaves:
    """Saves of one piece of work within ``stage`` (a training, a scoring), called ``key``; there is one file for all.

    A :class:`SaveClock` of ``seconds`` says when. ``elsewhere`` is the file of a :class:`FileSaves` from which the work
    goes on where nothing is saved here.
    """

    def __init__(self, log: StageLog, stage: Stage, key: str, seconds: float, elsewhere: Path | None = None) -> None:
        self._log, self._stage, self._key, self._elsewhere = log, stage, key, elsewhere
        self._clock = SaveClock(seconds, log.stop)

    @property
    def seconds(self) -> float:
        """Seconds spent on this piece of work, in former processes up to their last save too."""
        return self._clock.seconds

    def load(self) -> Mapping[str, Any] | None:
        """What was saved of this piece of work; None if nothing was. Raises RunError if it is damaged."""
        run = self._log.run
        saved = run.read_checkpoint(RUNNING) if run is not None and run.has(RUNNING) else None
        if saved is None or saved["key"] != self._key:
            if self._elsewhere is None or not self._elsewhere.exists():
                return None
            saved = load_state(self._elsewhere)
        self._clock.before = saved["seconds"]
        state: Mapping[str, Any] = saved["state"]
        return state

    def due(self) -> bool:
        """Whether to save now. A stop that is asked for after this answer waits for the next one."""
        return self._log.run is not None and self._clock.due()

    def save(self, state: Mapping[str, Any]) -> None:
        """Commit the state. Raises RunError when the disk refuses; the former state stays."""
        with self._clock.saving(), self._stage.commit() as commit:
            commit.write_checkpoint(RUNNING, {"key": self._key, "seconds": self.seconds, "state": dict(state)})

    @staticmethod
    def drop(commit: Commit) -> None:
        """Part of the commit that keeps the finished work."""
        commit.discard(RUNNING)


class FileSaves:
    """Saves of one training in the file ``path``, atomically, every ``every`` seconds and when ``stop`` is asked.

    ``again``: what to do once a damaged file is removed, in words.
    """

    def __init__(self, path: Path, every: float, stop: Stop, *, again: str) -> None:
        self._path, self._stop, self._again = path, stop, again
        self._clock = SaveClock(every, stop)

    @property
    def seconds(self) -> float:
        """Seconds spent on this training, in former processes up to their last save too."""
        return self._clock.seconds

    def load(self) -> Mapping[str, Any] | None:
        """What was saved; None if nothing was. Raises RunError if it is damaged."""
        if not self._path.exists():
            return None
        try:
            saved = load_state(self._path)
        except RunError as error:
            what = str(error).rpartition(": ")[0]
            raise RunError(f"{what}: remove it and {self._again}, and this one training begins anew") from error
        self._clock.before = saved["seconds"]
        state: Mapping[str, Any] = saved["state"]
        return state

    def due(self) -> bool:
        """Whether to save now. A stop that is asked for after this answer waits for the next one."""
        return self._clock.due()

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep the state. Raises RunError when the disk refuses; the former state stays."""
        with self._clock.saving():
            save_state(self._path, {"seconds": self.seconds, "state": dict(state)})
        self._stop.unsaved = False
