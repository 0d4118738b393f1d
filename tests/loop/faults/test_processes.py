"""A worker of a ranking that is killed: it is told, what was finished is kept, and the figures come out the same."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from pathlib import Path
from typing import Any

from tests.loop.test_rank import timeless
from tests.processes import Forked
from tests.resume.ended import exit_code

import bnao.api as api
from bnao.loop.rank.jobs import read_trainings
from bnao.storage import RunFolder


class Killer:
    """At the second training that is finished, one of the workers is killed."""

    left = 2

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == "training_finished"
        if kind == "training_finished" and self.left == 0:
            number = multiprocessing.active_children()[0].pid
            assert number is not None
            os.kill(number, signal.SIGKILL)


def rank(folder: str) -> int:
    return exit_code(lambda: api.rank(folder, 6, second_seed=5, seed=3, processes=2, listener=Killer()))


def test_a_worker_that_dies(scored: Path, ranked, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(scored, folder)
    code, text = Forked(rank, str(folder), session=True).ended()
    assert code == 2 and "Traceback" not in text, text
    assert "one of 2 died (exit code -9): use fewer of them if memory ran out (--processes 1)" in text
    kept = read_trainings(RunFolder.open(folder / "ranking", ranking=True))
    assert len(kept) >= 2 and (folder / "ranking" / "lock").read_bytes() == b""
    result = api.rank(folder, processes=1)
    assert timeless(result) == timeless(ranked[1])
