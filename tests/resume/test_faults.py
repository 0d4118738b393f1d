"""What can happen to a run: each fault ends in a clear error with the last good state kept, and in the same result."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.loop.conftest import MICRO, Enough, StopAt
from tests.resume.conftest import start
from tests.resume.outcome import outcome

import bnao.api as api
from bnao.errors import Interrupted, NumericalError, RunError
from bnao.storage import RunFolder

EVERY_STEP = replace(MICRO, save_seconds=0.0)


@pytest.mark.parametrize(("number", "kind", "count"), [("SIGINT", "stage_progress", 12), ("SIGTERM", "epoch", 4)])
def test_the_first_signal_stops_with_all_kept_and_says_how_to_go_on(
    number: str, kind: str, count: int, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    folder = tmp_path / "run"
    code, text = start("search", str(folder), kind, str(count), number).ended()
    assert code == 130, text
    assert f"all work up to here is kept: go on with `bnao resume {folder}`" in text
    assert (folder / "lock").read_bytes() == b""
    api.resume(folder)
    assert outcome(folder) == undisturbed


@pytest.mark.parametrize("stage", ["supernet-1", "scoring-2", "rerank"])
def test_a_stop_saves_also_between_two_saves(stage: str, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    """The signal comes after the step was asked whether to save: the next step saves, and nothing is lost."""

    class Listener:
        done = 0

        def event(self, kind: str, **fields: object) -> None:
            if kind == "stage_progress" and fields["stage"] == stage:
                Listener.done += 1
                if Listener.done == 3:
                    os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="all work up to here is kept"):
        api.search(replace(MICRO, save_seconds=300.0), tmp_path / "run", recipe="micro", listener=Listener())
    saved = RunFolder.open(tmp_path / "run").read_checkpoint("running.pt")
    assert saved["key"].startswith(stage)
    steps = len(saved["state"]) if stage == "scoring-2" else saved["state"]["step"]
    assert Listener.done == 4
    assert steps >= 4 if stage == "scoring-2" else steps == 4, "scores of one group are known together"
    api.resume(tmp_path / "run")
    with RunFolder.open(tmp_path / "run").pool() as pool:
        assert pool.digest() == undisturbed["pool"]


def test_a_second_process_is_refused_with_the_number_and_host_of_the_first(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", config=MICRO, recipe="micro")
    for _ in range(2):
        with pytest.raises(RunError, match=rf"in use by process {os.getpid()} on {socket.gethostname()} since 2"):
            RunFolder.resume(run.path)
    run.close()
    RunFolder.resume(run.path).close()


def test_a_diverged_training_names_its_setting_and_keeps_the_last_state(tmp_path: Path) -> None:
    training = replace(MICRO.supernet.training, learning_rate=1e30, clip_norm=1e30)
    config = replace(EVERY_STEP, supernet=replace(MICRO.supernet, training=training))
    with pytest.raises(NumericalError, match=r"supernet-1 \(supernet.training\): .* finite.*lower the learning rate"):
        api.search(config, tmp_path / "run")
    assert RunFolder.resume(tmp_path / "run").has("inputs.json")


def interrupted(folder: Path) -> RunFolder:
    """A run that stopped within its second supernet training."""

    with pytest.raises(Enough):
        api.search(EVERY_STEP, folder, recipe="micro", listener=StopAt("epoch", stage="supernet-2"))
    return RunFolder.open(folder)


@pytest.mark.parametrize("name", ["supernet.pt", "controller.pt", "running.pt", "progress.json", "inputs.json"])
@pytest.mark.parametrize("damage", ["cut", "missing", "altered"])
def test_a_damaged_file_of_the_state_is_named(name: str, damage: str, shared: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(shared, folder)
    path = folder / RunFolder.open(folder).manifest.files[name].file
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            content[: len(content) // 2] + (b"" if damage == "cut" else b"x" + content[len(content) // 2 + 1 :])
        )
    with pytest.raises(RunError, match=name.split(".")[0]):
        api.resume(folder)
    path.write_bytes(content)
    RunFolder.resume(folder).close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return interrupted(tmp_path_factory.mktemp("shared") / "run").path


def test_rows_after_the_last_commit_are_rolled_back_and_other_changes_of_the_pool_refused(
    shared: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(shared, folder)
    with RunFolder.open(folder).pool() as pool:
        first = pool.entries()[0]
        pool.set_scores(9, {first.id: 1.0})
    RunFolder.resume(folder).close()
    with RunFolder.open(folder).pool() as pool:
        assert pool.scores_of(9) == {}
        pool._next_generation = lambda: 0
        pool.set_scores(9, {first.id: 1.0})
    with pytest.raises(RunError, match="differs from what the manifest says"):
        RunFolder.resume(folder)


def test_changed_data_are_refused(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (300, 8, 8, 3), dtype=np.uint8), np.arange(300) % 3
    path = tmp_path / "data.npz"
    np.savez(path, x_train=images, y_train=labels)
    run = interrupted_on(path, tmp_path / "run")
    images[0] ^= 1
    np.savez(path, x_train=images, y_train=labels)
    with pytest.raises(RunError, match="resumed on the data it was begun with"):
        api.resume(run)


def interrupted_on(data: Path, folder: Path) -> Path:
    config = replace(EVERY_STEP, data=replace(MICRO.data, source=f"npz:{data}", cache=False, max_train_images=None))
    with pytest.raises(Enough):
        api.search(config, folder, listener=StopAt("epoch"))
    return folder


def test_resuming_a_finished_run_only_puts_its_results_in_place(tmp_path: Path) -> None:
    result = api.search(MICRO, tmp_path / "run")
    before = outcome(result.path)
    (result.path / "result.json").unlink()
    assert api.resume(result.path).summary == result.summary
    assert (result.path / "result.json").exists() and outcome(result.path) == before
