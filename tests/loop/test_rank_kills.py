"""Killed, interrupted, divided over processes: the outcome of a ranking is that of an undisturbed one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.loop.test_rank import timeless

import bnao.api as api
from bnao.loop.rank.jobs import read_trainings
from bnao.storage import RunFolder

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("rank_worker.py")


def disturbed(*words: str) -> tuple[int, str, int]:
    """Exit code, all that was printed, and the number of the process group."""
    process = subprocess.Popen(
        [sys.executable, str(WORKER), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    text, _ = process.communicate(timeout=900)  # the pipe closes when the last of the group has ended
    return process.returncode, text, process.pid


def gone(group: int) -> bool:
    """Whether no process of the group is left, after a while."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_killed_and_interrupted_with_two_processes_and_finished_by_one(scored: Path, ranked, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(scored, folder)
    place = folder / "ranking"

    code, text, group = disturbed(str(folder), "2", "training_finished", "2", "SIGKILL")
    assert code == -signal.SIGKILL and text == "" and gone(group)
    kept = read_trainings(RunFolder.open(place))
    assert len(kept) == 2 and 1 <= len(list((place / "running").glob("*.pt"))) <= 2

    code, text, group = disturbed(str(folder), "2", "training_finished", "1", "SIGINT")
    assert code == 130 and text.splitlines() == [
        f"stopped; all work up to here is kept: go on with `bnao rank {folder}`"
    ]
    assert gone(group) and (place / "lock").read_bytes() == b""
    after = read_trainings(RunFolder.open(place))
    assert 3 <= len(after) <= 5 and all(after[key] == training for key, training in kept.items())

    result = api.rank(folder, processes=1)
    assert timeless(result) == timeless(ranked[1]) and result.report == ranked[1].report
    finished = [e for e in RunFolder.open(place).events() if e["event"] == "training_finished"]
    assert len({(e["architecture"], e["second"]) for e in finished}) == len(finished) == 11
    assert list((place / "running").iterdir()) == []
