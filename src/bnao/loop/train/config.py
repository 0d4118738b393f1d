"""The configuration of a network's last training (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from bnao.data.config import AugmentConfig, DataConfig
from bnao.errors import require, require_seed
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.training.config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that determines a training, with the paper's for CIFAR-10 as defaults (arXiv 1909.10815).

    The network learns all training images and is measured on the test images; a source without test images gives
    ``data.valid_fraction`` of its training images for that.
    """

    COMMAND: ClassVar[str] = "train"

    architecture: str = "published"  # the word published, a finished run's folder, or tokens in quotes; as --arch
    seed: int = 0  # names every stream of randomness: same seed, same training
    threads: int | None = None  # CPU threads of torch; None: OMP_NUM_THREADS, or as many as the machine has cores
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: cuda where there is one
    plugins: tuple[str, ...] = ()  # Python files that are run at the start: operations, spaces, data of your own
    timeout_minutes: float = 30.0  # a process of several that waits longer for another within a step ends the run
    save_seconds: float = 60.0  # save the running training this often, at 2 % of the time or less; 0: each step
    test_every: int = 1  # epochs between two measurements on test images; after the last one there always is one
    rate_batch: int | None = None  # training.learning_rate is for batches of so many images: scaled in proportion
    max_macs: int | None = None  # sets network.channels: the largest even width within so many multiply-adds
    data: DataConfig = field(default_factory=lambda: DataConfig(source="cifar10"))
    space: SpaceConfig = field(default_factory=SpaceConfig)
    network: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(
            cells_per_stage=6, channels=36, auxiliary=True, dropout_keep=0.6, drop_path_keep=0.8
        )
    )
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            epochs=600,
            batch_size=128,
            final_learning_rate=0.0,
            weight_decay=5e-4,
            augment=AugmentConfig(cutout=16),
        )
    )

    def __post_init__(self) -> None:
        require(
            bool(self.architecture.strip()),
            "architecture is the word published, a finished run's folder, or tokens",
            self.architecture,
            "write for example --arch published",
        )
        require_seed(self.seed)
        require(self.threads is None or self.threads >= 1, "threads is at least 1", self.threads, "leave it out")
        require(self.device in ("auto", "cpu", "cuda"), "device is auto, cpu or cuda", self.device, "choose one")
        require(self.save_seconds >= 0, "save_seconds is not negative", self.save_seconds, "60 saves once a minute")
        require(
            0 < self.timeout_minutes < 1e6, "timeout_minutes is positive", self.timeout_minutes, "30 suits most steps"
        )
        require(self.test_every >= 1, "test_every is at least 1", self.test_every, "1 measures after each epoch")
        require(
            self.rate_batch is None or self.rate_batch >= 1,
            "rate_batch is at least 1 image",
            self.rate_batch,
            "128 is usual; leave it out to take the learning rate as it is",
        )
        require(
            self.max_macs is None or self.max_macs >= 1,
            "max_macs is at least 1 multiply-add",
            self.max_macs,
            "write for example 600e6",
        )

    @property
    def effective(self) -> TrainingConfig:
        """The training with its learning rates scaled by the batch (all processes' images of a step together).

        >>> TrainConfig(rate_batch=64).effective.learning_rate
        0.05
        """
        if self.rate_batch is None:
            return self.training
        factor = self.training.batch_size / self.rate_batch
        return replace(
            self.training,
            learning_rate=self.training.learning_rate * factor,
            final_learning_rate=self.training.final_learning_rate * factor,
        )
