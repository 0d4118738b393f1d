"""What several processes come together for, a search or the training of one network, as each of them sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig

if TYPE_CHECKING:
    import torch

    from bnao.loop.given import Given
    from bnao.loop.inputs import Inputs
    from bnao.loop.team.team import Team


class Work(ABC):
    """One process's side of it, made from the same settings in each: rank 0 leads, followers do what it says."""

    @classmethod
    @abstractmethod
    def following(cls, config: Any, given: Given) -> Self:
        """A follower's, from the settings that rank 0 sent. Raises BnaoError where this process cannot begin."""

    @property
    @abstractmethod
    def config(self) -> SearchConfig | TrainConfig:
        """The settings, as followers get them."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where gradients are."""

    @property
    @abstractmethod
    def bench(self) -> Any:
        """What the settings and the data make."""

    @abstractmethod
    def inputs(self) -> Inputs:
        """Data and plugins as this process finds them. Raises BnaoError where a plugin cannot be read."""

    @abstractmethod
    def joined(self, team: Team, threads: int | None) -> Self:
        """The same with the processes that share it, each of so many threads (None: as the environment says)."""

    @abstractmethod
    def do(self, said: Any) -> None:
        """A follower's answer to what rank 0 says; what is not known belongs to a training that was left."""
