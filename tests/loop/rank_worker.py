"""A ranking in a process of its own, with a process group of its own, that gets a signal at an event.

Words: folder, number of processes, kind of event, count, name of the signal.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import bnao.api as api


class Killer:
    """At the ``count``-th event of ``kind``: SIGKILL for this process, any other signal for the group, as Ctrl-C."""

    def __init__(self, kind: str, count: int, number: signal.Signals) -> None:
        self.kind, self.left, self.number = kind, count, number

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == self.kind
        if kind == self.kind and self.left == 0:
            if self.number is signal.SIGKILL:
                os.kill(os.getpid(), self.number)
            os.killpg(0, self.number)


def main(folder: str, processes: str, kind: str, count: str, number: str) -> int:
    killer = Killer(kind, int(count), signal.Signals[number])
    try:
        api.rank(folder, 6, second_seed=5, seed=3, processes=int(processes), listener=killer)
    except KeyboardInterrupt as error:
        print(error, flush=True)
        return 130
    return 0
