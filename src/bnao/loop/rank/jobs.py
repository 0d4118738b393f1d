"""One stand-alone training of a ranking: what is to be trained, and what came of it (imports no torch)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bnao.storage import RunFolder, from_dict

TRAININGS = "trainings.json"


@dataclass(frozen=True)
class Job:
    """Train the architecture ``text``, whose id is ``id``; ``second``: with the other seed."""

    id: str
    text: str
    second: bool = False

    @property
    def key(self) -> str:
        """Names its random streams and its files."""
        return f"rank-second-{self.id}" if self.second else f"rank-{self.id}"


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a finished training came to. ``metric`` on held-out data; None: there is none, ``failure`` says why."""

    key: str
    metric: float | None
    seconds: float
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """All finished trainings of a ranking: the file ``trainings.json`` of its state."""

    finished: list[Training] = field(default_factory=list)


def read_trainings(folder: RunFolder) -> dict[str, Training]:
    """Finished trainings by key. Raises RunError where the file is damaged."""
    if not folder.has(TRAININGS):
        return {}
    stored = from_dict(Trainings, folder.read_json(TRAININGS), source=f"{folder.path}/{TRAININGS}")
    return {training.key: training for training in stored.finished}


def stored(trainings: Iterable[Training]) -> Trainings:
    """In an order that does not depend on which training finished first."""
    return Trainings(finished=sorted(trainings, key=lambda training: training.key))
