"""A search by two processes: the outcome of one that runs its batches in two parts, whatever happens on the way."""

from __future__ import annotations

import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO
from tests.processes import Forked
from tests.resume import team_worker
from tests.resume.outcome import outcome

import bnao.api as api
from bnao.loop.config import SearchConfig
from bnao.loop.inputs import read_inputs
from bnao.loop.result import read_result
from bnao.storage import RunFolder

NAMED = ("inputs.json", "result.json")
"""Files of the state that say how many processes there were."""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def in_parts(config: SearchConfig, parts: int) -> SearchConfig:
    def changed(section):
        return replace(section, training=replace(section.training, gradient_accumulation=parts))

    return replace(config, supernet=changed(config.supernet), final=changed(config.final))


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("one") / "run"
    api.search(in_parts(MICRO, 2), folder, recipe="micro")
    return found(folder)


def found(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in outcome(folder).items() if name not in NAMED}


def disturbed(*words: str) -> tuple[int, str]:
    """Exit code and all that was printed, when no process of the group is left."""
    return Forked(team_worker.main, *words, session=True).ended()


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes after SIGKILL of rank 0, SIGKILL of the other, and Ctrl-C. Copy it."""
    folder = tmp_path_factory.mktemp("two") / "run"
    code, text = disturbed("search", str(folder), "2", "supernet-1", "4", "leader")
    assert (code, text) == (-signal.SIGKILL, "")

    code, text = disturbed("resume", str(folder), "2", "supernet-2", "3", "follower")
    assert code == 2
    assert "step 4 of 7 of supernet-2: the 2 processes of a run live until it ends; process 1 ended" in text
    assert "killed by SIGKILL" in text
    assert f"the last good state is kept: then go on with `bnao resume {folder}`" in text
    assert RunFolder.open(folder).read_checkpoint("running.pt")["state"]["step"] == 3

    code, text = disturbed("resume", str(folder), "2", "rerank", "3", "group")
    assert (code, text) == (130, f"stopped; all work up to here is kept: go on with `bnao resume {folder}`\n")
    inputs = read_inputs(RunFolder.open(folder))
    assert inputs is not None and (inputs.processes, inputs.parts) == (2, 2)
    return folder


def test_one_process_finishes_with_the_bits_of_an_undisturbed_one(
    interrupted: Path, tmp_path: Path, one_process: dict[str, str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(interrupted, folder)
    api.resume(folder)
    assert found(folder) == one_process
    assert not (folder / "running").exists()
    result = read_result(RunFolder.open(folder))
    assert (result.processes, result.parts, result.warnings) == (1, 2, [])


def test_a_follower_is_missed_in_a_training_of_its_own_and_other_parts_are_told(
    interrupted: Path, tmp_path: Path, one_process: dict[str, str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(interrupted, folder)
    code, text = disturbed("resume", str(folder), "2", "random", "3", "follower")
    assert code == 2 and "process 1 ended (killed by SIGKILL" in text
    code, text = disturbed("resume", str(folder), "3")
    assert code == 0, text
    result = read_result(RunFolder.open(folder))
    assert (result.processes, result.parts) == (3, 3)
    assert len(result.warnings) == 1 and "batches into 2 and goes on with 3" in result.warnings[0]
    after = found(folder)
    assert all(after[name] == one_process[name] for name in one_process if name.startswith(("rerank", "random")))
    assert all(after[name] == one_process[name] for name in ("supernet.pt", "pool"))
