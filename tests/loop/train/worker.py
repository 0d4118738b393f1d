"""The micro training for processes of its own, saved at each step; killed at the K-th event of a kind."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any

from tests.loop.train.conftest import MICRO

import bnao
from bnao.errors import RunError


class Killer:
    def __init__(self, kind: str, count: int) -> None:
        self.kind, self.left = kind, count

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == self.kind
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, kind: str, count: str, processes: str = "1") -> int:
    killer = Killer(kind, int(count))
    bnao.train(replace(MICRO, save_seconds=0.0), out=folder, processes=int(processes), listener=killer)
    return 0


def go_on(folder: str) -> int:
    """Go on with the training; 3 where it is refused, and why."""
    try:
        bnao.resume_training(folder)
    except RunError as error:
        print(error)
        return 3
    return 0
