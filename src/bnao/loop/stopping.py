"""Ctrl-C and SIGTERM end a search at the next safe place, with all work up to there kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class AtOnce(KeyboardInterrupt):
    """A second signal, which no save was waited for."""


def stopped_words(error: KeyboardInterrupt, go_on: str) -> str:
    """What such an end leaves; ``go_on`` is the command that goes on.

    >>> stopped_words(AtOnce(), "`bnao resume run`")
    'stopped at once; what came after the last save is lost: go on with `bnao resume run`'
    """
    lost, kept = "stopped at once; what came after the last save is lost", "stopped; all work up to here is kept"
    return f"{lost if isinstance(error, AtOnce) else kept}: go on with {go_on}"


@dataclass
class Stop:
    """Whether the user asked for the end."""

    asked: bool = False
    unsaved: bool = False  # work is going on that saves itself before it heeds the stop

    def check(self) -> None:
        """Raise KeyboardInterrupt if so, unless the running work has still to be saved."""
        if self.asked and not self.unsaved:
            raise KeyboardInterrupt


@contextmanager
def stoppable(stop: Stop, *, patient: bool = False) -> Iterator[None]:
    """Within it the first SIGINT or SIGTERM sets ``stop.asked``; the second raises AtOnce.

    ``patient``: it does not, for a launcher such as torchrun passes on what the terminal has said already. Only the
    main thread may set signal handlers; elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.asked and not patient:
            raise AtOnce
        stop.asked = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
