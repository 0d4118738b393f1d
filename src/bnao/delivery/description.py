"""``architecture.json``: what a delivered network is, how good it is, and how its inputs are prepared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from bnao.data.limits import check_picture
from bnao.errors import RunError
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage import files
from bnao.storage.checksum import take_checksum
from bnao.storage.plain import from_dict
from bnao.task import Task

FILE_NAME = "architecture.json"
WEIGHTS = "model.safetensors"  # beside it
FORMAT, VERSION = "bnao-network", 1
MOST_CHANNELS = 4096  # of an input


@dataclass(frozen=True, kw_only=True)
class OnnxCheck:
    """How ``model.onnx`` was compared with torch: random images in batches of these sizes."""

    batch_sizes: tuple[int, ...]
    largest_difference: float  # of two logits
    largest_logit: float  # in absolute value
    tolerance: float  # of the difference, for logits up to 1; beyond in proportion to the largest
    opset: int


@dataclass(frozen=True, kw_only=True)
class Description:
    """What is delivered. Sizes are those of the network without an auxiliary head.

    ``mean`` and ``std`` of each channel are for pixels in [0, 1]; both None where the search was given data in Python,
    whose inputs are prepared by the user. ``task`` is None where these are no images of classes. ``metric_value`` (an
    accuracy is in [0, 1]) was measured on the data that ``measured_on`` names. ``mode`` says how the weights came
    about: as in :class:`bnao.loop.config.FinalConfig`, or ``train`` by ``bnao train``. ``sha256`` is that of
    ``model.safetensors``.
    """

    format: str = FORMAT
    version: int = VERSION
    architecture: str
    id: str
    space: SpaceConfig
    network: NetworkConfig
    task: Task | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    central_share: float = 1.0  # side of the square that is seen of a larger picture, over its shorter side
    num_params: int
    macs: int
    metric: str
    metric_value: float
    metric_is_share: bool  # in [0, 1], told in percent
    standard_error: float
    measured_on: str
    loss: str
    mode: str
    recipe: str
    seed: int
    bnao_version: str
    sha256: str = ""
    onnx: OnnxCheck | None = None
    source: str = ""  # the file that builds the network without bnao: model.py or model.pt2
    source_note: str = ""  # why there is no model.py


def read_description(folder: Path) -> Description:
    """The description in an exported folder. Raises RunError, DataError for images beyond any size."""
    path = folder / FILE_NAME
    if not path.is_file():
        there = f"holds no {FILE_NAME}" if folder.is_dir() else "is not a folder" if folder.exists() else "is missing"
        raise RunError(f"an exported folder is what `bnao export --out` wrote; {str(folder)!r} {there}: check the path")
    plain = files.read_json(path)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise RunError(f"an exported network says format {FORMAT!r}; {str(path)!r} does not: check the path")
    if plain.get("version") != VERSION:
        received = str(plain.get("version"))[:20]
        raise RunError(
            f"this bnao reads exported networks of version {VERSION}; {str(path)!r} has version {received}: use the "
            "bnao that wrote it, or export again"
        )
    if take_checksum(plain) is False:
        raise RunError(f"a description must match its checksum; {str(path)!r} does not: restore it, or export again")
    description = from_dict(Description, plain, source=str(path))
    task, mean, std = description.task, description.mean, description.std
    if task is None or mean is None or std is None:
        if mean is None and std is None:
            return description
        raise RunError(f"what says how images are prepared says which images; {str(path)!r} does not: export again")
    if not 0.0 < description.central_share <= 1.0:
        raise RunError(f"central_share lies in (0, 1]; {str(path)!r} says {description.central_share}: export again")
    check_picture(task.image_size[1], task.image_size[0], path)
    if min(task.in_channels, *task.image_size) < 1 or task.num_classes < 2 or task.in_channels > MOST_CHANNELS:
        raise RunError(f"a network's task has channels, pixels and two classes; {str(path)!r} has others: export again")
    if not all(map(math.isfinite, mean + std)) or min(std, default=1.0) <= 0:
        raise RunError(f"mean and std are finite numbers, std above 0; {str(path)!r} has others: export again")
    if {len(mean), len(std)} != {task.in_channels}:
        raise RunError(f"there is one mean and one std for each channel; {str(path)!r} has others: export again")
    if task.classes and len(task.classes) != task.num_classes:
        raise RunError(f"there is one name for each class, or none; {str(path)!r} has others: export again")
    return description
