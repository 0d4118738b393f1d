"""SIGKILL in every stage and at random moments; the resumed run ends with the bits of an undisturbed one."""

from __future__ import annotations

import random
import signal
import threading
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO
from tests.resume.conftest import start
from tests.resume.outcome import outcome

from bnao.loop.run import stage_names
from bnao.storage import RunFolder

NUM_KILLS = 20
LONGEST = 3.0  # seconds of a run before its kill; a whole search takes longer
DONE = {name: k + 1 for k, name in enumerate(stage_names(MICRO))}


def finish(folder: Path, undisturbed: dict[str, str]) -> None:
    code, text = start("resume", str(folder)).ended()
    assert code == 0, text
    assert outcome(folder) == undisturbed
    assert not list(folder.rglob("*.partial"))


@pytest.mark.parametrize("stage", ["scoring-1", "controller-1", "rerank", "final"])
def test_a_kill_at_the_end_of_a_stage(stage: str, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    folder = tmp_path / "run"
    code, text = start("search", str(folder), "stage_finished", str(DONE[stage])).ended()
    assert code == -signal.SIGKILL, text
    assert RunFolder.open(folder).status == "running"
    finish(folder, undisturbed)


def test_kills_at_random_moments(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    """Kill after kill, each a random time after the run began or went on, until 20 have hit; then finish."""
    draw = random.Random(20)
    hits, runs = 0, 0
    while hits < NUM_KILLS:
        runs += 1
        folder, what = tmp_path / f"run-{runs}", "search"
        while hits < NUM_KILLS:
            process = start(what, str(folder))
            timer = threading.Timer(draw.uniform(0.0, LONGEST), process.kill)
            timer.start()
            code, text = process.ended()
            timer.cancel()
            if code != -signal.SIGKILL:
                assert code == 0, text
                break
            hits += 1
            what = "resume" if (folder / "manifest.json").exists() else "search"
        else:
            break
        assert outcome(folder) == undisturbed
    if what == "resume":
        finish(folder, undisturbed)
