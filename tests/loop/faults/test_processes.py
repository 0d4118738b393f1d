"""A worker of a ranking that is killed: it is told, what was finished is kept, and the figures come out the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.loop.test_rank import timeless

import bnao.api as api
from bnao.loop.rank.jobs import read_trainings
from bnao.storage import RunFolder

ROOT = Path(__file__).parents[3]

SCRIPT = """
import multiprocessing, os, signal, sys
import bnao.api as api
from bnao.errors import BnaoError

class Killer:
    left = 2

    def event(self, kind, **fields):
        self.left -= kind == "training_finished"
        if kind == "training_finished" and self.left == 0:
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

if __name__ == "__main__":
    try:
        api.rank(sys.argv[1], 6, second_seed=5, seed=3, processes=2, listener=Killer())
    except BnaoError as error:
        sys.exit(str(error))
"""


def test_a_worker_that_dies(scored: Path, ranked, tmp_path: Path) -> None:
    folder, script = tmp_path / "run", tmp_path / "rank.py"
    shutil.copytree(scored, folder)
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, timeout=600,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "one of 2 died (exit code -9): use fewer of them if memory ran out (--processes 1)" in done.stderr
    kept = read_trainings(RunFolder.open(folder / "ranking"))
    assert len(kept) >= 2 and (folder / "ranking" / "lock").read_bytes() == b""
    result = api.rank(folder, processes=1)
    assert timeless(result) == timeless(ranked[1])
