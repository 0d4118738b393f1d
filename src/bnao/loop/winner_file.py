"""What ``winner.safetensors`` says of itself: how to rebuild the delivered network (imports no torch)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bnao.data.limits import check_picture
from bnao.errors import DataError, RunError
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage.files import parse_json
from bnao.storage.plain import from_dict
from bnao.task import Task

WINNER = "winner.safetensors"  # the file of a run's state

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """What pixels were scaled by: mean and standard deviation of each channel, for pixels in [0, 1]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """How the delivered network is built. ``task`` and ``normalisation`` are None where data were given in Python.

    ``central_share`` is the side of the central square that the network sees, of the picture's shorter one.
    """

    architecture: str
    space: SpaceConfig
    network: NetworkConfig
    task: Task | None
    normalisation: Normalisation | None
    central_share: float


def read_delivered(metadata: Mapping[str, str], source: Path) -> Delivered:
    """The metadata of the weights file ``source``. Raises RunError where they are not what a search writes."""

    def value(name: str) -> Any:
        if name not in metadata:
            raise RunError(
                f"a winner's weights say how they are built; {str(source)!r} says no {name!r}: restore it from a copy"
            )
        return parse_json(metadata[name].encode("utf-8", "replace"), source)

    def stored(cls: type[T], name: str) -> T:
        return from_dict(cls, value(name), source=f"the winner's {name}")

    task = None if value("task") is None else stored(Task, "task")
    found = None if value("normalisation") is None else stored(Normalisation, "normalisation")
    if task is not None:
        _check_task(task, source)
    if found is not None and (
        task is None
        or {len(found.mean), len(found.std)} != {task.in_channels}
        or not all(map(math.isfinite, found.mean + found.std))
        or min(found.std) <= 0
    ):
        raise RunError(
            f"pixels are scaled by one finite mean and one positive deviation for each channel; {str(source)!r} says "
            "others: restore it from a copy"
        )
    share = value("central_share") if "central_share" in metadata else 1.0
    if not isinstance(share, (int, float)) or not 0.0 < share <= 1.0:
        raise RunError(f"central_share lies in (0, 1]; {str(source)!r} says {share!r}: restore it from a copy")
    return Delivered(
        architecture=str(metadata.get("architecture", "")),
        space=stored(SpaceConfig, "space"),
        network=stored(NetworkConfig, "network"),
        task=task,
        normalisation=found,
        central_share=float(share),
    )


def _check_task(task: Task, source: Path) -> None:
    height, width = task.image_size
    if min(task.in_channels, height, width) < 1 or task.num_classes < 2 or task.in_channels > 4096:
        raise RunError(f"a task has channels, pixels and two classes; {str(source)!r} says others: restore it")
    try:
        check_picture(width, height, source)
    except DataError as error:
        raise RunError(str(error)) from error
