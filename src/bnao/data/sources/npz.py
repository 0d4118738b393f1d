"""Arrays in an .npz.

Keys, one of: ``x_train, y_train`` and perhaps ``x_test, y_test``; ``train_images, train_labels`` and perhaps
``test_images, test_labels``; ``images, labels``. Optional: ``classes`` (names), ``layout`` ('NHWC' or 'NCHW').

Images are uint8: (N, H, W, C), (N, C, H, W), or (N, H, W) for gray. Without ``layout`` the axis of 1, 3 or 4 values is
taken for the channels; if it could be either, the file must say. Floats are refused, for their scale cannot be known.
Labels are integers from 0 without gaps, (N,) or (N, 1). Imports no torch.
"""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.data.array_source import ArraySource
from bnao.data.base import DataSource
from bnao.data.config import DataConfig
from bnao.data.kind import SourceKind, needed
from bnao.data.npz_file import NpzFile
from bnao.data.raw import RawImages, RawSource, check_labels, count_classes
from bnao.errors import DataError, brief

_KEYS = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("images", "labels", "test_images", "test_labels"),
)
_CHANNELS = (1, 3, 4)


def open_npz(path: Path | None, config: DataConfig) -> DataSource:
    """The source in the .npz file ``path``."""
    path = needed(path, "npz")
    with NpzFile(path) as file:
        keys = _keys(file)
        has_test = keys[2] in file.names
        used = {*keys[: 4 if has_test else 2], "classes", "layout"}
        if unused := sorted(set(file.names) - used):
            warnings.warn(f"these keys of {path} are not used: {brief(', '.join(unused))}", stacklevel=2)
        layout = _layout(file, keys[0])
        channels, size = _form(file, keys[0], layout)
        labels = _labels(file, keys[0], keys[1])
        classes = tuple(map(str, file.array("classes", np.str_, 1))) if "classes" in file.names else ()
        num_classes = count_classes(labels, classes, f"{keys[1]!r} of {path}")
        if has_test:
            check_labels(_labels(file, keys[2], keys[3]), num_classes, f"{keys[3]!r} of {path}")
            if _form(file, keys[2], layout) != (channels, size):
                raise DataError(f"{keys[0]!r} and {keys[2]!r} have images of one shape; in {path} they differ: reshape")
    read = partial(_open_part, path, layout, num_classes)
    raw = RawSource(
        where=str(path),
        channels=channels,
        size=size,
        num_classes=num_classes,
        classes=classes,
        train=partial(read, keys[0], keys[1]),
        test=partial(read, keys[2], keys[3]) if has_test else None,
    )
    return ArraySource(raw, config)


def _keys(file: NpzFile) -> tuple[str, str, str, str]:
    for keys in _KEYS:
        if keys[0] in file.names:
            return keys
    known = "; ".join(", ".join(keys[:2]) for keys in _KEYS)
    raise DataError(
        f"arrays have the keys of one of ({known}); {file.path} has {brief(', '.join(file.names))}: rename them"
    )


def _layout(file: NpzFile, name: str) -> str:
    shape = file.shape(name)
    if "layout" in file.names:
        layout = str(file.array("layout", np.str_, 0))
        if layout not in ("NHWC", "NCHW"):
            raise DataError(f"layout is 'NHWC' or 'NCHW'; {file.path} says {brief(repr(layout))}: correct it")
        return layout
    if len(shape) == 3:
        return "NHW"
    if len(shape) != 4 or not (shape[1] in _CHANNELS or shape[3] in _CHANNELS):
        raise DataError(
            f"images are (N, H, W, C), (N, C, H, W) with C in {_CHANNELS}, or (N, H, W); {name!r} of {file.path} is "
            f"{brief(shape)}: reshape it, or add the key layout='NHWC' or 'NCHW'"
        )
    if shape[1] in _CHANNELS and shape[3] in _CHANNELS:
        raise DataError(
            f"{name!r} of {file.path} is {shape}, in which two axes could be the channels: add the key layout"
        )
    return "NHWC" if shape[3] in _CHANNELS else "NCHW"


def _form(file: NpzFile, name: str, layout: str) -> tuple[int, tuple[int, int]]:
    """(channels, (height, width)) of the images ``name``, from the header; their type is checked."""
    shape = file.shape(name)
    if file.dtype(name) != np.uint8:
        raise DataError(
            f"images are uint8 from 0 to 255; {name!r} of {file.path} is {brief(file.dtype(name))}: convert it, "
            "for floats in [0, 1] with (255 * x).round().astype('uint8')"
        )
    if len(shape) != len(layout) or min(shape) == 0:
        raise DataError(f"images have axes {layout}, none empty; {name!r} of {file.path} is {brief(shape)}: reshape it")
    sizes = dict(zip(layout, shape, strict=True))
    return sizes.get("C", 1), (sizes["H"], sizes["W"])


def _labels(file: NpzFile, images: str, name: str) -> NDArray[Any]:
    shape = file.shape(name)
    if len(shape) == 2 and shape[1] > 1:
        raise DataError(
            f"labels are one class number for each image; {name!r} of {file.path} is {shape}: convert it, rows of "
            "one-hot numbers with y.argmax(axis=1)"
        )
    labels = file.array(name, np.integer, 2 if len(shape) == 2 and shape[1] == 1 else 1).reshape(-1)
    if len(labels) != file.shape(images)[0]:
        raise DataError(
            f"there is one label for each image; {file.path} has {file.shape(images)[0]} of {images!r} and "
            f"{len(labels)} of {name!r}: make them agree"
        )
    return labels


def _open_part(path: Path, layout: str, num_classes: int, images_key: str, labels_key: str) -> RawImages:
    with NpzFile(path) as file:
        channels, size = _form(file, images_key, layout)
        labels = _labels(file, images_key, labels_key)
        images = file.array(images_key, np.uint8, len(layout))
    if layout == "NCHW":
        images = images.transpose(0, 2, 3, 1)
    elif layout == "NHW":
        images = images[..., None]
    return RawImages(
        labels_N=check_labels(labels, num_classes, f"{labels_key!r} of {path}"),
        channels=channels,
        size=size,
        read=lambda index: images[index],
    )


def _detect(path: Path) -> bool:
    if path.suffix != ".npz" or not path.is_file():
        return False
    try:
        with NpzFile(path) as file:
            return "jpeg" not in file.names and any(keys[0] in file.names for keys in _KEYS)
    except DataError:
        return False


KIND = SourceKind(
    summary="arrays in an .npz: x_train, y_train[, x_test, y_test], or train_images, ..., or images, labels; uint8",
    detect=_detect,
    open=open_npz,
    reads=(),
)
