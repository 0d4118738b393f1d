"""What rank 0 says to followers between trainings (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig

if TYPE_CHECKING:
    from bnao.loop.team.work import Work


@dataclass(frozen=True)
class Begin:
    """Build what these settings of a ``kind`` of work say; batches are divided into ``parts``."""

    kind: type[Work]
    config: SearchConfig | TrainConfig
    parts: int


@dataclass(frozen=True)
class Ready:
    """All have the same data and plugins: the work begins."""


@dataclass(frozen=True)
class TrainShared:
    """Train the shared weights: the stage's name. A state and plans follow."""

    stage: str


@dataclass(frozen=True)
class WeightsComing:
    """The state of the shared weights follows."""


@dataclass(frozen=True)
class End:
    """The work is over; ``result`` is what it came to, or None."""

    result: Any


@dataclass(frozen=True)
class Fail:
    """Rank 0 ends without a result, and has said why."""
