"""A training at the smallest scale, made once for all tests that only look at its outcome."""

from __future__ import annotations

import pytest
from tests.loop.conftest import Recorder

import bnao
from bnao.data.config import AugmentConfig, DataConfig
from bnao.loop.train.config import TrainConfig
from bnao.spaces.config import NetworkConfig
from bnao.training.config import TrainingConfig

MICRO = TrainConfig(
    threads=1,
    seed=3,
    data=DataConfig(resolution=8, max_train_images=120),
    network=NetworkConfig(cells_per_stage=1, channels=4, dropout_keep=0.6, drop_path_keep=0.8),
    training=TrainingConfig(
        epochs=3, batch_size=32, learning_rate=0.1, augment=AugmentConfig(crop_padding=1, cutout=2, color_jitter=0.2)
    ),
)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[bnao.Training, Recorder]:
    """The finished micro training and what it said."""
    recorder = Recorder()
    return bnao.train(MICRO, "published", tmp_path_factory.mktemp("trained") / "run", listener=recorder), recorder
