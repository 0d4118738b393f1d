"""``worker.py search|resume FOLDER [EVENT K SIGNAL]``: the micro search; signals itself at the K-th event of a kind."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from typing import Any

import bnao.api as api


class Killer:
    """Hears events; at the ``count``-th of ``kind`` the process gets a signal."""

    def __init__(self, kind: str, count: int, number: signal.Signals) -> None:
        self.kind, self.left, self.number = kind, count, number

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == self.kind
        if self.left == 0:
            os.kill(os.getpid(), self.number)


def main(what: str, folder: str, kind: str = "", count: str = "0", number: str = "SIGKILL") -> int:
    from tests.loop.conftest import MICRO
    from tests.resume.ended import exit_code

    print("ready", flush=True)
    listener = Killer(kind, int(count), signal.Signals[number]) if kind else None
    if what == "search":
        settings = replace(MICRO, save_seconds=0.0)
        return exit_code(lambda: api.search(settings, folder, recipe="micro", listener=listener))
    return exit_code(lambda: api.resume(folder, listener=listener))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
