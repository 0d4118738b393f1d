"""Killed, interrupted, divided over processes: the outcome of a ranking is that of an undisturbed one."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from tests.loop import rank_worker
from tests.loop.test_rank import timeless
from tests.processes import Forked

import bnao.api as api
from bnao.loop.rank.jobs import read_trainings
from bnao.storage import RunFolder


def disturbed(*words: str) -> tuple[int, str]:
    """Exit code and all that was printed, when no process of the group is left."""
    return Forked(rank_worker.main, *words, session=True).ended()


def test_killed_and_interrupted_with_two_processes_and_finished_by_one(scored: Path, ranked, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(scored, folder)
    place = folder / "ranking"

    code, text = disturbed(str(folder), "2", "training_finished", "2", "SIGKILL")
    assert code == -signal.SIGKILL and text == ""
    kept = read_trainings(RunFolder.open(place, ranking=True))
    assert len(kept) == 2 and 1 <= len(list((place / "running").glob("*.pt"))) <= 2

    code, text = disturbed(str(folder), "2", "training_finished", "1", "SIGINT")
    assert code == 130 and text.splitlines() == [
        f"stopped; all work up to here is kept: go on with `bnao rank {folder}`"
    ]
    assert (place / "lock").read_bytes() == b""
    after = read_trainings(RunFolder.open(place, ranking=True))
    assert 3 <= len(after) <= 5 and all(after[key] == training for key, training in kept.items())

    result = api.rank(folder, processes=1)
    assert timeless(result) == timeless(ranked[1]) and result.report == ranked[1].report
    finished = [e for e in RunFolder.open(place, ranking=True).events() if e["event"] == "training_finished"]
    assert len({(e["architecture"], e["second"]) for e in finished}) == len(finished) == 11
    assert list((place / "running").iterdir()) == []
