"""CIFAR-10 and CIFAR-100 from the official archives, binary or python, packed or extracted. Imports no torch.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. The path is a .tar.gz, its extracted folder,
or a folder with either in it. CIFAR-100 uses the 100 fine labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bnao.data.array_source import ArraySource
from bnao.data.base import DataSource
from bnao.data.cache import cache_folder
from bnao.data.config import DataConfig
from bnao.data.download import fetch_cifar, is_fetched
from bnao.data.kind import SourceKind
from bnao.data.members import FolderMembers, Members, TarMembers, tar_has
from bnao.data.raw import RawImages, RawSource
from bnao.data.sources.cifar_records import Layout, read_binary, read_python
from bnao.data.unpickle import load_plain
from bnao.errors import DataError

_CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True, kw_only=True)
class _Dataset:
    name: str
    num_classes: int
    classes: tuple[str, ...]
    python: Layout
    binary: Layout
    folders: tuple[str, ...]
    archives: tuple[str, ...]


_TEN = _Dataset(
    name="cifar10",
    num_classes=10,
    classes=_CIFAR10_CLASSES,
    python=Layout(train=tuple(f"data_batch_{i}" for i in range(1, 6)), test="test_batch", labels="labels"),
    binary=Layout(train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)), test="test_batch.bin", label_bytes=1),
    folders=("cifar-10-batches-py", "cifar-10-batches-bin"),
    archives=("cifar-10-python.tar.gz", "cifar-10-binary.tar.gz"),
)
_HUNDRED = _Dataset(
    name="cifar100",
    num_classes=100,
    classes=(),
    python=Layout(train=("train",), test="test", labels="fine_labels"),
    binary=Layout(train=("train.bin",), test="test.bin", label_bytes=2),
    folders=("cifar-100-python", "cifar-100-binary"),
    archives=("cifar-100-python.tar.gz", "cifar-100-binary.tar.gz"),
)


def _locate(path: Path, data: _Dataset) -> Path | None:
    """The folder or archive with the files, at ``path`` or one below; None if there is none."""
    markers = (data.python.train[0], data.binary.train[0])
    if path.is_file():
        return path if tar_has(path, markers) else None
    for folder in (path, *(path / name for name in data.folders)):
        if any((folder / marker).is_file() for marker in markers):
            return folder
    return next((path / name for name in data.archives if tar_has(path / name, markers)), None)


def _open(data: _Dataset, path: Path | None, config: DataConfig) -> DataSource:
    if path is None:
        folder = cache_folder() / "downloads"
        if not config.download and not is_fetched(data.name, folder):
            raise DataError(
                f"{data.name} without a path is read from {folder}; it is not there yet: add --download, or write "
                f"{data.name}:PATH"
            )
        path = fetch_cifar(data.name, folder)
    found = _locate(path, data)
    if found is None and path.is_file():
        found = path  # the reader below says what is wrong with it
    if found is None:
        raise DataError(
            f"{data.name} is one of {', '.join(data.archives)}, or one extracted; {path} has none: check the path"
        )
    members: Members = FolderMembers(found) if found.is_dir() else TarMembers(found)
    is_binary = data.binary.train[0] in members.names
    layout = data.binary if is_binary else data.python
    members.need([*layout.train, layout.test])
    read = partial(_read, members, layout, data.num_classes)
    raw = RawSource(
        where=str(found),
        channels=3,
        size=(32, 32),
        num_classes=data.num_classes,
        classes=data.classes or _fine_names(members, data.num_classes),
        train=partial(read, layout.train),
        test=partial(read, (layout.test,)),
    )
    return ArraySource(raw, config)


def _read(members: Members, layout: Layout, num_classes: int, names: tuple[str, ...]) -> RawImages:
    parts = {}
    for name, content in members.each(names):
        where = f"{name} in {members.path}"
        if layout.label_bytes:
            parts[name] = read_binary(content, layout.label_bytes, num_classes, where)
        else:
            parts[name] = read_python(content, layout.labels, num_classes, where)
    images_NCHW = np.concatenate([parts[name][0] for name in names])
    return RawImages(
        labels_N=np.concatenate([parts[name][1] for name in names]),
        channels=3,
        size=(32, 32),
        read=lambda index: images_NCHW[index].transpose(0, 2, 3, 1),
    )


def _fine_names(members: Members, num_classes: int) -> tuple[str, ...]:
    """Names of the fine labels where the archive gives them for every class, else none."""
    if "fine_label_names.txt" in members.names:
        names = members.one("fine_label_names.txt").decode("latin1").split()
    elif "meta" in members.names:
        listed = load_plain(members.one("meta"), f"meta in {members.path}").get("fine_label_names", [])
        names = [n.decode("latin1") if isinstance(n, bytes) else str(n) for n in listed]
    else:
        return ()
    if len(names) != num_classes:
        raise DataError(f"there are {num_classes} class names; {members.path} has {len(names)}: obtain it again")
    return tuple(names)


def _kind(data: _Dataset, title: str) -> SourceKind:
    return SourceKind(
        summary=f"{title}, official python or binary archive, packed or extracted; without a path: as downloaded",
        detect=lambda path: _locate(path, data) is not None,
        open=partial(_open, data),
        reads=("download",),
    )


CIFAR10 = _kind(_TEN, "CIFAR-10")
CIFAR100 = _kind(_HUNDRED, "CIFAR-100")
