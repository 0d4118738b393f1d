"""The micro search for a process of its own, which signals itself at the K-th event of a kind."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any

from tests.loop.conftest import MICRO
from tests.resume.ended import exit_code

import bnao.api as api


class Killer:
    """Hears events; at the ``count``-th of ``kind`` the process gets a signal."""

    def __init__(self, kind: str, count: int, number: signal.Signals) -> None:
        self.kind, self.left, self.number = kind, count, number

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == self.kind
        if kind == self.kind and self.left == 0:
            os.kill(os.getpid(), self.number)


def main(what: str, folder: str, kind: str = "", count: str = "0", number: str = "SIGKILL") -> int:
    """``search`` or ``resume`` in a folder; the exit code."""
    listener = Killer(kind, int(count), signal.Signals[number]) if kind else None
    if what == "search":
        settings = replace(MICRO, save_seconds=0.0)
        return exit_code(lambda: api.search(settings, folder, recipe="micro", listener=listener))
    return exit_code(lambda: api.resume(folder, listener=listener))
