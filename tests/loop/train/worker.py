"""``worker.py FOLDER EVENT K``: the micro training, saved at each step; killed at the K-th event of a kind."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from typing import Any

import bnao


class Killer:
    def __init__(self, kind: str, count: int) -> None:
        self.kind, self.left = kind, count

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == self.kind
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, kind: str, count: str) -> None:
    from tests.loop.train.conftest import MICRO

    bnao.train(replace(MICRO, save_seconds=0.0), out=folder, listener=Killer(kind, int(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
