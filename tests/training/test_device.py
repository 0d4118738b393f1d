"""What ``auto`` comes to, and where it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.loop.conftest import MICRO as SEARCH
from tests.loop.conftest import Recorder
from tests.loop.train.conftest import MICRO

import bnao
from bnao import api
from bnao.loop.workbench import settled, settled_words
from bnao.settings import update
from bnao.storage import RunFolder
from bnao.training.config import TrainingConfig
from bnao.training.device import with_precision

AUTO = TrainingConfig(precision="auto")


@pytest.mark.parametrize(
    ("device", "supported", "found"),
    [("cpu", True, "float32"), ("cuda", True, "bfloat16"), ("cuda", False, "float32")],
)
def test_auto_is_bfloat16_where_cuda_has_it(
    device: str, supported: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert with_precision(AUTO, torch.device(device)).precision == found
    for asked in ("float32", "bfloat16"):
        config = TrainingConfig(precision=asked)
        assert with_precision(config, torch.device(device)) is config


def test_a_training_settles_it_once_and_says_so(tmp_path: Path) -> None:
    config, heard, dry = update(MICRO, {"training": {"precision": "auto", "epochs": 1}}), Recorder(), Recorder()
    trained = bnao.train(config, out=tmp_path / "run", listener=heard)
    tried = api.dry_train(config, listener=dry)
    assert RunFolder.open(trained.path).manifest.config["training"]["precision"] == "float32"
    for recorder in (heard, dry):
        assert [e["text"] for e in recorder.of("planned")] == ["training.precision auto: float32 on cpu"]
    assert dict(tried.facts)["schedule"].endswith("in float32")


def test_a_search_does_so_for_each_of_its_trainings() -> None:
    config, dry = update(SEARCH, {"final": {"training": {"precision": "auto"}}}), Recorder()
    found = settled(config, torch.device("cpu"))
    assert (found, settled_words(config, found)) == (SEARCH, "final.training.precision auto: float32")
    assert dict(api.dry_search(config, listener=dry).facts)["precision"] == "final.training.precision auto: float32"
    assert settled_words(SEARCH, SEARCH) == ""
