"""JPEG bytes in an .npz, one file for training and perhaps one beside it for testing.

Keys: ``jpeg`` uint8, all files one after the other; ``offsets`` (N+1,), image k is ``jpeg[offsets[k]:offsets[k+1]]``;
``labels`` (N,) integers from 0; ``classes`` names, optional. All images have one size and are gray or RGB. The pair is
called NAME_train.npz and NAME_test.npz; give the folder or the training file. Imports no torch.
"""

from __future__ import annotations

import hashlib
import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnao.data.array_source import ArraySource
from bnao.data.base import DataSource
from bnao.data.config import DataConfig
from bnao.data.decode import decode, picture_form
from bnao.data.kind import SourceKind, needed
from bnao.data.npz_file import NpzFile
from bnao.data.raw import RawImages, RawSource, check_labels, count_classes
from bnao.errors import DataError

_FORMATS = ("JPEG",)


def open_jpeg_npz(path: Path | None, config: DataConfig) -> DataSource:
    """The source at ``path``: a training file, or a folder with one pair."""
    train_path = training_file(needed(path, "jpeg_npz"))
    test_path = train_path.with_name(train_path.name.replace("_train.npz", "_test.npz"))
    labels, _, classes = _index(train_path)
    num_classes = count_classes(labels, classes, train_path)
    channels, height, width = _first_form(train_path)
    read = partial(_open_part, num_classes=num_classes)
    has_test = test_path != train_path and test_path.is_file()
    if has_test:
        test_labels, _, test_classes = _index(test_path)
        check_labels(test_labels, num_classes, test_path)
        if test_classes != classes:
            raise DataError(f"both files list the same classes; {train_path} and {test_path} do not: make them agree")
    raw = RawSource(
        where=str(train_path),
        channels=channels,
        size=(height, width),
        num_classes=num_classes,
        classes=classes,
        train=partial(read, train_path),
        test=partial(read, test_path) if has_test else None,
    )
    return ArraySource(raw, config)


def training_file(path: Path) -> Path:
    """The training file that ``path`` means. Raises DataError if a folder has not exactly one."""
    if path.is_dir():
        found = [p for p in sorted(path.glob("*_train.npz")) if _has_jpeg(p)]
        if len(found) != 1:
            names = ", ".join(p.name for p in found) or "none"
            raise DataError(f"a folder has one NAME_train.npz with the key 'jpeg'; {path} has {names}: give the file")
        return found[0]
    if path.name.endswith("_test.npz"):
        raise DataError(f"give the training file or the folder; received the test file {path}: its partner is needed")
    return path


def _has_jpeg(path: Path) -> bool:
    try:
        with NpzFile(path) as file:
            return "jpeg" in file.names
    except DataError:
        return False


def _detect(path: Path) -> bool:
    if path.is_dir():
        return any(_has_jpeg(p) for p in path.glob("*_train.npz"))
    return path.suffix == ".npz" and _has_jpeg(path)


def _index(path: Path) -> tuple[NDArray[Any], NDArray[np.int64], tuple[str, ...]]:
    """Labels, checked offsets, class names."""
    with NpzFile(path) as file:
        labels = file.array("labels", np.integer, 1)
        offsets = file.array("offsets", np.integer, 1)
        classes = tuple(map(str, file.array("classes", np.str_, 1))) if "classes" in file.names else ()
        (num_bytes,) = file.shape("jpeg") if len(file.shape("jpeg")) == 1 else (-1,)
    if len(labels) == 0 or len(offsets) != len(labels) + 1:
        raise DataError(
            f"offsets are one more than labels, and there is an image; {path} has {len(offsets)} offsets and "
            f"{len(labels)} labels: write the file again"
        )
    # Comparing neighbours, not differences: those of unsigned or extreme offsets would wrap around.
    if offsets[0] < 0 or np.any(offsets[1:] <= offsets[:-1]) or int(offsets[-1]) > num_bytes:
        raise DataError(
            f"offsets ascend from 0 at least to {num_bytes} (the bytes of 'jpeg') at most; those of {path} do not: "
            "write the file again"
        )
    return labels, offsets.astype(np.int64), classes


def _read_bytes(path: Path) -> NDArray[np.uint8]:
    with NpzFile(path) as file:
        return file.array("jpeg", np.uint8, 1)


def _first_form(path: Path) -> tuple[int, int, int]:
    _, offsets, _ = _index(path)
    first = _read_bytes(path)[offsets[0] : offsets[1]]
    return picture_form(io.BytesIO(first.tobytes()), _FORMATS, f"image 0 of {path}")


def _open_part(path: Path, num_classes: int) -> RawImages:
    labels, offsets, _ = _index(path)
    jpeg = _read_bytes(path)
    channels, height, width = picture_form(
        io.BytesIO(jpeg[offsets[0] : offsets[1]].tobytes()), _FORMATS, f"image 0 of {path}"
    )

    def read(index: NDArray[np.int64]) -> NDArray[np.uint8]:
        out = np.empty((len(index), height, width, channels), dtype=np.uint8)
        for row, k in enumerate(index):
            where = f"image {k} of {path}"
            stream = io.BytesIO(jpeg[offsets[k] : offsets[k + 1]].tobytes())
            pixels = decode(stream, channels, None, _FORMATS, where)
            if pixels.shape != out.shape[1:]:
                raise DataError(
                    f"all images have one size; {where} is {pixels.shape[:2]}, image 0 {(height, width)}: resize it"
                )
            out[row] = pixels
        return out

    def fingerprint() -> str:
        content = hashlib.blake2b(jpeg.tobytes(), digest_size=16)
        content.update(offsets.tobytes())
        return f"jpeg_npz {content.hexdigest()}"

    return RawImages(
        labels_N=check_labels(labels, num_classes, path),
        channels=channels,
        size=(height, width),
        read=read,
        fingerprint=fingerprint,
    )


KIND = SourceKind(
    summary="JPEG bytes in NAME_train.npz (keys jpeg, offsets, labels, classes), with NAME_test.npz beside it if any",
    detect=_detect,
    open=open_jpeg_npz,
    reads=(),
)
