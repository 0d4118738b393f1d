"""Classes of picture files by an exported network.

Shapes: B pictures of a batch, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bnao.data.crops import cut
from bnao.data.decode import MODES, decode
from bnao.delivery.description import Description, read_description
from bnao.delivery.network import load_network
from bnao.delivery.sound import REMEDY
from bnao.errors import DataError, NumericalError, SettingError, require
from bnao.task import Task

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
BATCH = 64


@dataclass(frozen=True, kw_only=True)
class ClassProbability:
    """One class: its number, its name (empty where the data had none) and its probability in [0, 1]."""

    label: int
    name: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the network says of one picture: the likeliest classes, the likeliest first."""

    image: str
    top: tuple[ClassProbability, ...]


def predict(folder: str | Path, images: Sequence[str | Path], *, top: int = 3) -> list[Prediction]:
    """The ``top`` likeliest classes of each picture file by the network that ``bnao export`` wrote to ``folder``.

    A picture is prepared as the search's data were: its central square brought to the network's size (by area averaging
    if it is larger, bilinearly if smaller), made gray for 1 channel and repeated for 3, with its opacity for 4; of a
    network that was trained on streamed pictures 7/8 of that square. It stands as its EXIF orientation says.
    Probabilities in [0, 1] are the softmax of the logits; they are not calibrated. Nothing that is read can run code.

    Raises RunError for a folder that is none or damaged, DataError for a picture that is missing or damaged (naming
    it), SettingError if ``top`` is below 1, no picture is given, or the network does not tell classes apart, or not of
    pictures, or takes other than 1, 3 or 4 channels; NumericalError where the network's weights or its answer to a
    picture are not finite.

    Example: ``predict("exported", ["cat.jpg"])[0].top[0].name``
    """
    require(len(images) >= 1, "a prediction needs at least one picture", 0, "name the files")
    require(top >= 1, "top is at least 1", top, "give a positive number")
    described = read_description(Path(folder))
    if described.task is None or described.mean is None:
        raise SettingError(
            "predictions are of pictures, prepared as the search's images were; the network in "
            f"{str(folder)!r} was searched on data given in Python: its inputs are prepared by you, so load it "
            "(docs/export.md) and call it with them"
        )
    module, description = load_network(folder)
    task = described.task
    require(
        description.loss == "cross_entropy",
        "predictions are probabilities of classes, of a network trained with the loss cross_entropy",
        description.loss,
        "load the network (docs/export.md) and read its outputs",
    )
    require(
        task.in_channels in MODES,
        "predictions are of pictures, which have 1 channel (gray), 3 (RGB) or 4 (RGBA)",
        task.in_channels,
        "load the network (docs/export.md) and call it with its inputs",
    )
    top = min(top, task.num_classes)
    paths = [Path(image) for image in images]
    found: list[Prediction] = []
    for begin in range(0, len(paths), BATCH):
        batch = paths[begin : begin + BATCH]
        pixels = torch.from_numpy(np.stack([read_picture(path, task, description.central_share) for path in batch]))
        probabilities_BK = _probabilities(module, pixels, description)
        _check_finite(probabilities_BK, batch, folder)
        found += _named(batch, probabilities_BK, task, top)
    return found


def read_picture(path: Path, task: Task, central_share: float = 1.0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Pixels of a picture, uint8 (C, H, W), as a network for ``task`` takes them. Raises DataError.

    ``central_share`` below 1: as networks of streamed pictures are tested (:mod:`bnao.data.crops`).
    """
    if not path.is_file():
        there = "is a folder" if path.is_dir() else "is missing"
        raise DataError(f"a prediction reads picture files; {str(path)!r} {there}: check the path")
    height, width = task.image_size
    if central_share < 1.0:
        return cut(path, height, share=central_share)
    pixels_HWC = decode(path, task.in_channels, height if height == width else None, FORMATS, path)
    if pixels_HWC.shape[:2] != task.image_size:
        raise DataError(
            f"a picture for this network has {height}x{width} pixels (height x width), for it was searched on images "
            f"that are not square; {str(path)!r} has {pixels_HWC.shape[0]}x{pixels_HWC.shape[1]}: bring it to that size"
        )
    return pixels_HWC.transpose(2, 0, 1)


def _probabilities(module: nn.Module, pixels_BCHW: Tensor, description: Description) -> Tensor:
    """(B, K)."""
    mean = 255 * torch.tensor(description.mean, dtype=torch.float32).view(-1, 1, 1)
    std = 255 * torch.tensor(description.std, dtype=torch.float32).view(-1, 1, 1)
    with torch.no_grad():
        logits_BK: Tensor = module((pixels_BCHW.float() - mean) / std)
    return torch.softmax(logits_BK, dim=1)


def _check_finite(probabilities_BK: Tensor, paths: Sequence[Path], folder: str | Path) -> None:
    """Raise NumericalError where a picture has no probabilities, naming the first."""
    unknown = (~probabilities_BK.isfinite().all(1)).nonzero()
    if len(unknown):
        raise NumericalError(
            f"a network answers with finite numbers; that in {str(folder)!r} does not for "
            f"{str(paths[int(unknown[0])])!r}: {REMEDY}"
        )


def _named(paths: Sequence[Path], probabilities_BK: Tensor, task: Task, top: int) -> Iterator[Prediction]:
    values, labels = probabilities_BK.topk(top, dim=1)
    for path, row, numbers in zip(paths, values.tolist(), labels.tolist(), strict=True):
        classes = (
            ClassProbability(label=label, name=task.classes[label] if task.classes else "", probability=value)
            for value, label in zip(row, numbers, strict=True)
        )
        yield Prediction(image=str(path), top=tuple(classes))
