"""A folder of pictures for each class. Imports no torch.

``root/train/CLASS/...`` with a test set in ``root/test/CLASS``, ``root/val/CLASS`` or ``root/valid/CLASS`` (the first
that there is), or ``root/CLASS/...`` without one. Classes are the folder names, sorted. Pictures may lie deeper; none
lies in a hidden folder (its name begins with a dot). All become RGB, or gray if every training picture is gray, stand
as their EXIF orientation says, and show white where they are transparent. If sizes differ, ``resolution`` is required:
the central square of each is brought to it, by area averaging if it is larger, bilinearly if smaller.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnao.data.array_source import ArraySource
from bnao.data.base import DataSource
from bnao.data.config import DataConfig
from bnao.data.decode import decode, picture_form
from bnao.data.kind import SourceKind, needed
from bnao.data.raw import RawImages, RawSource
from bnao.errors import DataError, brief

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"))
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM")
_TEST_NAMES = ("test", "val", "valid")
_PART_NAMES = frozenset((*_TEST_NAMES, "train", "training", "testing", "validation"))
"""Names that people give to parts of the data, and nobody to a class."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    files: tuple[Path, ...]
    labels_N: NDArray[np.int64]
    sizes: frozenset[tuple[int, int]]
    channels: int


def open_folder(path: Path | None, config: DataConfig) -> DataSource:
    """The source in the folder ``path``; reads the header of every picture."""
    root = needed(path, "folder")
    if not root.is_dir():
        raise DataError(f"this kind of data is a folder; {root} is a file: give the folder")
    train_root, test_root = roots(root)
    classes = tuple(p.name for p in class_folders(train_root))
    if not classes:
        raise DataError(f"a folder has one folder of pictures for each class; {train_root} has none: make them")
    parts = {folder: _scan(folder, classes) for folder in (train_root, test_root) if folder is not None}
    train = parts[train_root]
    sizes = frozenset().union(*(part.sizes for part in parts.values()))
    resolution = config.resolution
    if len(sizes) > 1 and resolution is None:
        some = ", ".join(f"{h}x{w}" for h, w in sorted(sizes)[:4])
        raise DataError(
            f"pictures have one size unless resolution is set; {root} has {len(sizes)} sizes ({some}, height x width): "
            "set resolution"
        )
    size = (resolution, resolution) if resolution is not None else next(iter(sizes))
    open_part = partial(_open_part, channels=train.channels, size=size, resolution=resolution)
    raw = RawSource(
        where=str(root),
        channels=train.channels,
        size=size,
        num_classes=len(classes),
        classes=classes,
        train=partial(open_part, train),
        test=None if test_root is None else partial(open_part, parts[test_root]),
    )
    return ArraySource(raw, config)


def roots(root: Path) -> tuple[Path, Path | None]:
    """The folder of the training classes and that of the test classes, None where there are no test data.

    Warns of folders beside them that are not used; raises DataError where all classes have names of parts of the data.
    """
    train_root, test_roots = _roots(root)
    folders = class_folders(root)
    if train_root == root:
        if folders and all(folder.name.lower() in _PART_NAMES for folder in folders):
            raise DataError(
                "pictures lie in root/train/CLASS and root/test/CLASS (or val), or in root/CLASS; the folders of "
                f"{root} are {brief(', '.join(folder.name for folder in folders))}, which are no classes: name them "
                "train and test (or val), and put a folder for each class into them"
            )
        return root, None
    test_root = test_roots[0] if test_roots else None
    if unused := [str(folder) for folder in folders if folder not in (train_root, test_root)]:
        taken = f"{test_root} is taken for the test set" if test_root else "no test set is found (test, val or valid)"
        warnings.warn(f"{taken}; not used: {', '.join(unused)}", stacklevel=3)
    return train_root, test_root


def _roots(root: Path) -> tuple[Path, list[Path]]:
    """The folder of the training classes, and each that may hold the test classes."""
    if not (root / "train").is_dir() or not class_folders(root / "train"):
        return root, []
    return root / "train", [
        root / name for name in _TEST_NAMES if (root / name).is_dir() and class_folders(root / name)
    ]


def class_folders(folder: Path) -> list[Path]:
    """Folders in ``folder`` that are not hidden, by name."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _visible(folder: Path) -> Iterator[Path]:
    """All that lies in ``folder``, however deep, but what is hidden and what lies in hidden folders."""
    depth = len(folder.parts)
    return (p for p in folder.rglob("*") if not any(part.startswith(".") for part in p.parts[depth:]))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def list_pictures(folder: Path, classes: tuple[str, ...]) -> tuple[list[Path], NDArray[np.int64]]:
    """All pictures of a part, by class and name, and their labels; nothing is opened.

    Raises DataError for a class that ``classes`` lacks, or one without pictures; warns of files that are none.
    """
    present = [p.name for p in class_folders(folder)]
    if unknown := sorted(set(present) - set(classes)):
        raise DataError(f"test classes are training classes; {folder} has also {unknown[0]!r}: rename or remove it")
    files: list[Path] = []
    labels: list[int] = []
    ignored: list[Path] = []
    for k, name in enumerate(classes):
        inside = sorted(p for p in _visible(folder / name) if p.is_file())
        pictures = [p for p in inside if _is_picture(p)]
        if not pictures:
            raise DataError(f"every class has pictures; {folder / name} has none: add some or remove the class")
        ignored += [p for p in inside if not _is_picture(p)]
        files += pictures
        labels += [k] * len(pictures)
    if ignored:
        warnings.warn(f"{len(ignored)} files are not pictures and not used, such as {ignored[0]}", stacklevel=4)
    return files, np.array(labels, dtype=np.int64)


def _scan(folder: Path, classes: tuple[str, ...]) -> _Part:
    """All pictures of a part and what their headers say."""
    files, labels_N = list_pictures(folder, classes)
    forms = [picture_form(p, FORMATS, p) for p in files]
    return _Part(
        files=tuple(files),
        labels_N=labels_N,
        sizes=frozenset((h, w) for _, h, w in forms),
        channels=max(c for c, _, _ in forms),
    )


def _open_part(part: _Part, channels: int, size: tuple[int, int], resolution: int | None) -> RawImages:
    def read(index: NDArray[np.int64]) -> NDArray[np.uint8]:
        out = np.empty((len(index), *size, channels), dtype=np.uint8)
        for row, k in enumerate(index):
            pixels = decode(part.files[k], channels, resolution, FORMATS, part.files[k])
            if pixels.shape[:2] != size:
                raise DataError(f"a picture keeps its size while it is read; {part.files[k]} did not: start again")
            out[row] = pixels
        return out

    def fingerprint() -> str:
        content = hashlib.blake2b(repr((channels, size)).encode(), digest_size=16)
        for file in part.files:
            try:
                data = file.read_bytes()
            except OSError as error:
                raise DataError(f"a picture must be readable; {file} is not ({error}): check it") from error
            content.update(len(data).to_bytes(8, "little"))
            content.update(data)
        return f"folder {content.hexdigest()}"

    return RawImages(labels_N=part.labels_N, channels=channels, size=size, read=read, fingerprint=fingerprint)


def _detect(path: Path) -> bool:
    if not path.is_dir():
        return False
    return any(_is_picture(p) for folder in class_folders(_roots(path)[0]) for p in _visible(folder))


KIND = SourceKind(
    summary="a folder of pictures for each class: root/train/CLASS with root/test/CLASS, or root/CLASS",
    detect=_detect,
    open=open_folder,
    reads=(),
)
