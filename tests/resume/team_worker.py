"""The micro search by several processes, for a session of its own.

At the K-th progress of a stage: TARGET ``leader`` or ``follower`` gets SIGKILL; ``group``: all get SIGINT, as from a
terminal.
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.loop.conftest import MICRO
from tests.resume.ended import exit_code

import bnao.api as api


class Killer:
    """Hears events, and strikes once."""

    def __init__(self, stage: str, count: int, target: str) -> None:
        self.stage, self.left, self.target = stage, count, target

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == "stage_progress" and fields["stage"] == self.stage
        if self.left == 0 and self.target:
            target, self.target = self.target, ""
            if target == "group":
                os.killpg(0, signal.SIGINT)
                return
            own = os.getpid()
            children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
            os.kill(own if target == "leader" else int(children[0]), signal.SIGKILL)


def main(what: str, folder: str, processes: str, stage: str = "", count: str = "0", target: str = "") -> int:
    """``search`` or ``resume`` in a folder by so many processes; the exit code."""
    listener = Killer(stage, int(count), target) if stage else None
    if what == "search":
        settings = replace(MICRO, save_seconds=0.0)
        return exit_code(
            lambda: api.search(settings, folder, recipe="micro", processes=int(processes), listener=listener)
        )
    return exit_code(lambda: api.resume(folder, processes=int(processes), listener=listener))
