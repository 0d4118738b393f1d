"""The processes of a run, as its stages see them: whom they share the work with, and how batches are divided."""

from __future__ import annotations

from dataclasses import dataclass

from bnao.distributed import ALONE, Group, Shards
from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig
from bnao.training.config import TrainingConfig


@dataclass(frozen=True)
class Team:
    """``parts``: into how many a batch of the trainings that all make together is divided, for each of
    ``gradient_accumulation``. As many as processes when the run began, so that its result stays the same when it goes
    on with another number of them. ``own``: how many processes the run has started itself, with this one; else 1.
    """

    group: Group = ALONE
    parts: int = 1
    own: int = 1

    def shards(self, training: TrainingConfig) -> Shards:
        """The parts of a batch of such a training."""
        return Shards(self.parts * training.gradient_accumulation, self.group)

    def check(self, config: SearchConfig | TrainConfig) -> None:
        """Raise SettingError where a batch has too few examples for its parts."""
        for name, training in divided_trainings(config).items():
            try:
                self.shards(training).check(training.batch_size)
            except SettingError as error:
                raise SettingError(f"{name}: {error}") from error


def divided_trainings(config: SearchConfig | TrainConfig) -> dict[str, TrainingConfig]:
    """The trainings whose batches all processes share, by the names of their settings."""
    if isinstance(config, TrainConfig):
        return {"training": config.training}
    final = {"final.training": config.final.training} if config.final.trains else {}
    return {"supernet.training": config.supernet.training, **final}
