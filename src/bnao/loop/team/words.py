"""What rank 0 says to followers between trainings (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bnao.loop.config import SearchConfig


@dataclass(frozen=True)
class Begin:
    """Build what these settings say; batches are divided into ``parts``."""

    config: SearchConfig
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
    """The search is over; ``result`` is what it found, or None."""

    result: Any


@dataclass(frozen=True)
class Fail:
    """Rank 0 ends without a result, and has said why."""
