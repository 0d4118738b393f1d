"""A training by two processes: the bits of one that runs its batches in two parts, whatever happens on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.distributed.processes import together
from tests.loop.conftest import Enough, Recorder, StopAt
from tests.loop.train import worker
from tests.loop.train.conftest import MICRO
from tests.pictures import picture_folder
from tests.processes import PATHS, Forked
from tests.resume.outcome import outcome

import bnao
import bnao.api as api
from bnao.cli.main import main
from bnao.data.config import AugmentConfig
from bnao.data.images import Images
from bnao.data.whole import whole
from bnao.errors import DataError, RunError, SettingError
from bnao.loop.inputs import read_inputs
from bnao.loop.train import tested
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.result import read_training
from bnao.loop.train.tested import classify, classify_together
from bnao.settings import update
from bnao.storage import RunFolder

NAMED = ("inputs.json", "result.json")
"""Files of the state that say how many processes there were."""
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def in_parts(config: TrainConfig, parts: int) -> TrainConfig:
    return update(config, {"training": {"gradient_accumulation": parts}})


def found(folder: Path) -> tuple[dict[str, str], Any]:
    """What must not depend on the number of processes: the state, and the figures of all epochs."""
    state = {name: digest for name, digest in outcome(folder).items() if name not in NAMED}
    return state, read_training(RunFolder.open(folder)).epochs


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Any]:
    folder = tmp_path_factory.mktemp("one") / "run"
    bnao.train(in_parts(MICRO, 2), out=folder)
    return found(folder)


class AtFollower:
    """Kills the process that this one has started, at the ``count``-th event of a kind."""

    def __init__(self, kind: str, count: int) -> None:
        self.kind, self.left = kind, count

    def event(self, kind: str, **fields: Any) -> None:
        self.left -= kind == self.kind
        if self.left == 0:
            self.left = -1
            own = os.getpid()
            for child in Path(f"/proc/{own}/task/{own}/children").read_text().split():
                if b"bnao.loop.team.process" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes after SIGKILL of rank 0 in step 4, and SIGKILL of the other after step 7. Copy it."""
    folder = tmp_path_factory.mktemp("two") / "run"
    code, text = Forked(worker.main, str(folder), "stage_progress", "4", "2", session=True).ended()
    assert (code, text) == (-signal.SIGKILL, "")
    with pytest.raises(RunError) as caught:
        bnao.resume_training(folder, processes=2, listener=AtFollower("stage_progress", 3))
    text = str(caught.value)
    assert "step 8 of 9 of train: the 2 processes of a run live until it ends; process 1 ended" in text
    assert "killed by SIGKILL" in text
    assert text.endswith(f"the last good state is kept: then go on with `bnao resume {folder}`")
    assert RunFolder.open(folder).read_checkpoint("running.pt")["state"]["training"]["step"] == 7
    inputs = read_inputs(RunFolder.open(folder))
    assert inputs is not None and (inputs.processes, inputs.parts) == (2, 2)
    return folder


@linux
def test_killed_twice_and_finished_by_one_with_the_bits_of_an_undisturbed_one(
    interrupted: Path, tmp_path: Path, one_process: tuple[dict[str, str], Any]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(interrupted, folder)
    bnao.resume_training(folder)
    assert found(folder) == one_process
    summary = read_training(RunFolder.open(folder))
    assert (summary.processes, summary.parts, summary.warnings) == (1, 2, [])


@linux
def test_the_command_goes_on_with_as_many(interrupted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []

    def refuse(path: Path, **named: Any) -> None:
        asked.append(named["processes"])
        raise SettingError("enough")

    monkeypatch.setattr(api, "resume_training", refuse)
    assert main(["resume", str(interrupted)]) == 2
    assert main(["resume", str(interrupted), "--processes", "4"]) == 2
    assert asked == [2, 4]


def test_more_processes_than_it_was_begun_with_are_told(tmp_path: Path, trained: Any) -> None:
    with pytest.raises(Enough):
        bnao.train(replace(MICRO, save_seconds=0.0), out=tmp_path / "run", listener=StopAt("stage_progress", 5))
    summary = bnao.resume_training(tmp_path / "run", processes=2).summary
    assert (summary.processes, summary.parts, len(summary.warnings)) == (2, 2, 1)
    assert "batches into 1 and goes on with 2" in summary.warnings[0]
    before = trained[0].summary.epochs
    assert summary.epochs[0] == before[0] and summary.epochs[-1] != before[-1]
    inputs = read_inputs(RunFolder.open(tmp_path / "run"))
    assert inputs is not None and inputs.parts == 2


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """A training on pictures that stay on disk, with averaged weights."""
    root = picture_folder(tmp_path_factory.mktemp("pictures"), classes=3, train=6, val=4, larger=8)
    augment = AugmentConfig(crop_padding=0, resized_crop=True, color_jitter=0.4)
    training = replace(MICRO.training, batch_size=8, epochs=2, average_decay=0.9, augment=augment)
    data = {"source": f"stream:{root}", "resolution": 24, "workers": 1, "max_train_images": None}
    return replace(update(MICRO, {"data": data}), training=training, rate_batch=4)


def test_pictures_on_disk(pictures: TrainConfig, tmp_path: Path) -> None:
    """Each process decodes its parts by workers of its own; the learning rate is that of the whole batch."""
    heard = Recorder()
    both = bnao.train(pictures, out=tmp_path / "two", processes=2, listener=heard)
    bnao.train(in_parts(pictures, 2), out=tmp_path / "one")
    assert found(tmp_path / "two")[0] == found(tmp_path / "one")[0]
    [started] = heard.of("run_started")
    assert (started["processes"], started["parts"], started["threads"]) == (2, 2, 1)
    assert (both.summary.processes, both.summary.parts, both.summary.threads) == (2, 2, 1)
    assert pictures.effective.learning_rate == 2 * pictures.training.learning_rate


def test_a_damaged_test_picture_of_another_process_is_named(pictures: TrainConfig, tmp_path: Path) -> None:
    root = Path(pictures.data.source.removeprefix("stream:"))
    copied = tmp_path / "pictures"
    shutil.copytree(root, copied)
    [last] = sorted(copied.glob("val/class2/*"))[-1:]
    last.write_bytes(last.read_bytes()[:200])
    images = whole(replace(pictures.data, source=f"stream:{copied}", workers=0), 0).test.images

    def work(group: Any) -> str:
        tested.BATCH = 5
        try:
            return str(classify_together(group, Flat(), images))
        except DataError as error:
            return str(error)

    told, other = together(work)
    assert str(last) in told and other == "None"


class Flat(torch.nn.Module):
    """Ten classes from the mean of a picture."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((1, 2, 3))[:, None] * torch.arange(10.0)


@pytest.mark.parametrize("size", [2, 3])
def test_test_images_are_divided_to_the_same_figures(size: int) -> None:
    images = Images(
        images_NCHW=torch.randint(
            0, 256, (1203, 1, 2, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
        ),
        labels_N=torch.arange(1203) % 10,
        mean_C=torch.zeros(1),
        std_C=torch.ones(1),
    )
    first, *others = together(lambda group: classify_together(group, Flat(), images), size)
    torch.set_num_threads(1)
    assert first == classify(Flat(), images)
    assert others == [None] * (size - 1)


def test_refused_before_anything_is_written(tmp_path: Path) -> None:
    for processes, said in (
        (0, "processes is from 1 to 1024; received 0"),
        (17, r"training: a batch of 32 has at most 16 parts .*; received 17: raise batch_size"),
    ):
        with pytest.raises(SettingError, match=said):
            bnao.train(MICRO, out=tmp_path / "run", processes=processes)
    assert not (tmp_path / "run").exists()


def test_torchrun_starts_the_command_and_rank_0_alone_speaks(tmp_path: Path, one_process: Any) -> None:
    config = tmp_path / "micro.toml"
    config.write_text(
        "seed = 3\nthreads = 1\n[data]\nsource = 'sample'\nresolution = 8\nmax_train_images = 120\n[network]\n"
        "cells_per_stage = 1\nchannels = 4\nauxiliary = false\n[training]\nepochs = 3\nbatch_size = 32\n"
        "learning_rate = 0.1\nweight_decay = 3e-4\nfinal_learning_rate = 0.001\n"
        "[training.augment]\ncrop_padding = 1\ncutout = 2\ncolor_jitter = 0.2\n"
    )
    words = ["-m", "bnao", "train", "--config", str(config), "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *words],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert done.stdout.count("Trained network") == 1
    assert found(tmp_path / "run") == one_process
    written = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (written["processes"], written["parts"]) == (2, 2)


def test_a_dry_run_makes_its_steps_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tried = api.dry_train(MICRO, processes=2)
    assert "2, a batch in 2 parts" in dict(tried.facts)["processes"]
    assert tried.networks[0].training is not None and tried.networks[0].training.batch == 32
    alone = api.dry_train(in_parts(MICRO, 2))
    assert alone.networks[0].training is not None
    assert alone.networks[0].training.loss == tried.networks[0].training.loss
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "count"), [(["--processes", "3"], 3), (["--threads", "2"], 2), (["--threads", "1"], 1)]
)
def test_the_command_passes_the_number_on(
    words: list[str], count: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[int] = []

    def refuse(settings: TrainConfig, **named: Any) -> None:
        asked.append(named["processes"])
        raise SettingError("enough")

    for name in ("train", "dry_train"):
        monkeypatch.setattr(api, name, refuse)
    assert main(["train", "--device", "cpu", "--out", str(tmp_path / "run"), *words]) == 2
    assert main(["train", "--device", "cpu", "--dry-run", *words]) == 2
    assert asked == [count, count]
