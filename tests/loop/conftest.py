"""A search at the smallest scale, those who listen to it, and runs that stopped on the way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bnao.api as api
from bnao.controller.config import ControllerConfig
from bnao.data.config import AugmentConfig, DataConfig
from bnao.loop.config import FinalConfig, LoopConfig, RerankConfig, SearchConfig, SupernetConfig
from bnao.loop.rank.result import RankingResult
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.training.config import TrainingConfig

TRAINING = TrainingConfig(epochs=1, batch_size=32, learning_rate=0.1, augment=AugmentConfig(crop_padding=1))
ALONE = NetworkConfig(cells_per_stage=1, channels=4)
MICRO = SearchConfig(
    seed=1,
    threads=1,
    data=DataConfig(resolution=8, max_train_images=300, valid_fraction=0.2),
    space=SpaceConfig(nodes=2),
    supernet=SupernetConfig(network=replace(ALONE, output="project", drop_path_keep=0.9), training=TRAINING),
    loop=LoopConfig(pool=8, rounds=2, proposals=4),
    controller=ControllerConfig(epochs=3, seeds_from_top=4),
    rerank=RerankConfig(top=2, network=ALONE, training=TRAINING),
    final=FinalConfig(network=replace(ALONE, channels=6), training=TRAINING),
)


class Recorder:
    """Keeps the events it hears."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def event(self, kind: str, **fields: Any) -> None:
        self.events.append((kind, fields))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == kind]


class Enough(Exception):
    """The run is stopped here."""


class StopAt:
    """Raises :class:`Enough` at the ``count``-th event of ``kind`` that has these fields."""

    def __init__(self, kind: str, count: int = 1, **fields: Any) -> None:
        self.kind, self.left, self.fields = kind, count, fields

    def event(self, kind: str, **fields: Any) -> None:
        if kind == self.kind and self.fields.items() <= fields.items():
            self.left -= 1
            if self.left == 0:
                raise Enough


@pytest.fixture(autouse=True)
def _undrawn(undrawn: None) -> None:
    """Where a test looks at a report it uses the fixture ``drawn``."""


@pytest.fixture(scope="session")
def scored(tmp_path_factory):
    """A micro run that stopped after its second scoring, whose trainings are saved at each step. Copy it."""
    out = tmp_path_factory.mktemp("scored") / "run"
    with pytest.raises(Enough):
        api.search(replace(MICRO, save_seconds=0.0), out, listener=StopAt("stage_finished", stage="scoring-2"))
    return out


@pytest.fixture(scope="session")
def ranked(scored: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RankingResult, Recorder]:
    """Stopped within its second training and gone on with."""
    folder, recorder = tmp_path_factory.mktemp("ranked") / "run", Recorder()
    shutil.copytree(scored, folder)
    with pytest.raises(Enough):
        api.rank(folder, 6, second_seed=5, seed=3, processes=1, listener=StopAt("stage_progress", 12))
    assert len(list((folder / "ranking" / "running").glob("*.pt"))) == 1
    return folder, api.rank(folder, processes=1, listener=recorder), recorder
