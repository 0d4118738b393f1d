"""The running piece of work, saved from time to time: a killed process loses at most the time between two saves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from bnao.loop.stages import Stage, StageLog
from bnao.storage import Commit

RUNNING = "running.pt"
SHARE = 50  # a save that takes one second comes at most once in so many seconds


class StageSaves:
    """Saves of one piece of work within ``stage`` (a training, a scoring), called ``key``; there is one file for all.

    A save is due ``seconds`` after the last one, later where saving itself would take more than 2 % of the time; with
    0 after each step; at once when the user asked to stop.
    """

    def __init__(self, log: StageLog, stage: Stage, key: str, seconds: float) -> None:
        self._log, self._stage, self._key, self._every = log, stage, key, seconds
        self._last = self._start = time.monotonic()
        self._before = 0.0

    @property
    def seconds(self) -> float:
        """Seconds spent on this piece of work, in former processes up to their last save too."""
        return self._before + time.monotonic() - self._start

    def load(self) -> Mapping[str, Any] | None:
        """What was saved of this piece of work; None if nothing was. Raises RunError if it is damaged."""
        run = self._log.run
        if run is None or not run.has(RUNNING):
            return None
        saved = run.read_checkpoint(RUNNING)
        if saved["key"] != self._key:
            return None
        self._before = saved["seconds"]
        state: Mapping[str, Any] = saved["state"]
        return state

    def due(self) -> bool:
        """Whether to save now. A stop that is asked for after this answer waits for the next one."""
        if self._log.run is None:
            return False
        asked = self._log.stop.asked
        self._log.stop.unsaved = not asked
        return asked or time.monotonic() - self._last >= self._every

    def save(self, state: Mapping[str, Any]) -> None:
        """Commit the state. Raises RunError when the disk refuses; the former state stays."""
        start = time.monotonic()
        with self._stage.commit() as commit:
            commit.write_checkpoint(RUNNING, {"key": self._key, "seconds": self.seconds, "state": dict(state)})
        self._last = time.monotonic()
        if self._every > 0:
            self._every = max(self._every, SHARE * (self._last - start))

    @staticmethod
    def drop(commit: Commit) -> None:
        """Part of the commit that keeps the finished work."""
        commit.discard(RUNNING)
