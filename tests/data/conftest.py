"""Small archives of every kind, with random but distinct images; a cache folder of its own for each test."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PER_CLASS = 6


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BNAO_CACHE", str(tmp_path / "cache"))


def arrays(num_classes: int, per_class: int = PER_CLASS, shape=(32, 32, 3), seed: int = 0):
    """Random uint8 images (N, *shape) and labels (N,), round robin."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(num_classes), per_class)
    return rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8), labels


def jpeg_bytes(image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=75)
    return stream.getvalue()


def write_jpeg_npz(path: Path, images, numbers, **changed) -> Path:
    files = [jpeg_bytes(image) for image in images]
    content = {
        "jpeg": np.frombuffer(b"".join(files), dtype=np.uint8),
        "offsets": np.cumsum([0] + [len(f) for f in files]),
        "labels": numbers.astype(np.uint8),
        "classes": np.array([f"c{k}" for k in range(numbers.max() + 1)]),
    } | changed
    np.savez_compressed(path, **{k: v for k, v in content.items() if v is not None})
    return path


def python2_pickle(labels_key: bytes, data: np.ndarray, labels: list[int]) -> bytes:
    """A batch in the very opcodes that Python 2 and its numpy wrote (protocol 2)."""

    def text(s: bytes) -> bytes:
        return b"U" + bytes([len(s)]) + s

    def number(n: int) -> bytes:
        return b"J" + struct.pack("<i", n)

    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
        b"(K\x01"
        + number(data.shape[0])
        + number(data.shape[1])
        + b"\x86cnumpy\ndtype\n"
        + text(b"u1")
        + b"K\x00K\x01\x87R"
        b"(K\x03"
        + text(b"|")
        + b"NNN"
        + number(-1)
        + number(-1)
        + b"K\x00tb\x89T"
        + struct.pack("<i", data.size)
        + data.tobytes()
        + b"tb"
    )
    listed = b"](" + b"".join(b"K" + bytes([n]) for n in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(labels_key) + listed + b"u."


def cifar_python_files(dataset: str, per_class: int = PER_CLASS) -> dict[str, bytes]:
    """File names and contents of a small python archive."""
    ten = dataset == "cifar10"
    key = b"labels" if ten else b"fine_labels"
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"] if ten else ["train", "test"]
    count = 2 if ten else per_class
    files = {}
    for seed, name in enumerate(names):
        images, labels = arrays(10 if ten else 100, count, (3072,), seed)
        files[name] = python2_pickle(key, images, labels.tolist())
    if not ten:
        files["meta"] = pickle.dumps({"fine_label_names": [f"fine{k}" for k in range(100)]}, protocol=2)
    return files


def cifar_binary_files(dataset: str, per_class: int = PER_CLASS) -> dict[str, bytes]:
    """File names and contents of a small binary archive."""
    ten = dataset == "cifar10"
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"] if ten else ["train.bin", "test.bin"]
    files = {}
    for seed, name in enumerate(names):
        images, labels = arrays(10 if ten else 100, 2 if ten else per_class, (3072,), seed)
        columns = [labels[:, None].astype(np.uint8), images]
        if not ten:
            columns.insert(0, np.zeros_like(columns[0]))
        files[name] = np.concatenate(columns, axis=1).tobytes()
    if not ten:
        files["fine_label_names.txt"] = "\n".join(f"fine{k}" for k in range(100)).encode() + b"\n\n"
    return files


def write_tar(path: Path, files: dict[str, bytes], folder: str = "cifar") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def write_pictures(
    folder: Path, num_classes: int = 3, per_class: int = PER_CLASS, size=(12, 12), seed: int = 0
) -> Path:
    images, labels = arrays(num_classes, per_class, (*size, 3), seed)
    for k, (image, label) in enumerate(zip(images, labels, strict=True)):
        target = folder / f"class{label}" / f"{k}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(target)
    return folder


def _jpeg_pair(folder: Path) -> Path:
    folder.mkdir()
    write_jpeg_npz(folder / "small_train.npz", *arrays(3, 8, (16, 16, 3)))
    write_jpeg_npz(folder / "small_test.npz", *arrays(3, 2, (16, 16, 3), seed=1))
    return folder


def _npz(folder: Path, **changed) -> Path:
    folder.mkdir()
    x, y = arrays(3, 8, (10, 14, 3))
    x_test, y_test = arrays(3, 2, (10, 14, 3), seed=1)
    np.savez(folder / "a.npz", **({"x_train": x, "y_train": y, "x_test": x_test, "y_test": y_test} | changed))
    return folder / "a.npz"


def _both(folder: Path) -> Path:
    write_pictures(folder / "train", per_class=8)
    write_pictures(folder / "test", per_class=2, seed=1)
    return folder


EXAMPLES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "cifar10 python tar": ("cifar10", lambda f: write_tar(f.with_suffix(".tar.gz"), cifar_python_files("cifar10"))),
    "cifar10 python folder": ("cifar10", lambda f: write_files(f, cifar_python_files("cifar10"))),
    "cifar10 binary tar": ("cifar10", lambda f: write_tar(f.with_suffix(".tar.gz"), cifar_binary_files("cifar10"))),
    "cifar10 binary folder": ("cifar10", lambda f: write_files(f, cifar_binary_files("cifar10"))),
    "cifar100 python tar": ("cifar100", lambda f: write_tar(f.with_suffix(".tar.gz"), cifar_python_files("cifar100"))),
    "cifar100 binary folder": ("cifar100", lambda f: write_files(f, cifar_binary_files("cifar100"))),
    "cifar100 below": (
        "cifar100",
        lambda f: write_files(f / "cifar-100-binary", cifar_binary_files("cifar100")).parent,
    ),
    "jpeg pair": ("jpeg_npz", _jpeg_pair),
    "jpeg file": ("jpeg_npz", lambda f: _jpeg_pair(f) / "small_train.npz"),
    "npz": ("npz", _npz),
    "folder": ("folder", lambda f: write_pictures(f, per_class=8)),
    "folder with test": ("folder", _both),
}
"""Name -> (kind, function that writes the example at a path and returns what to open)."""


class Archives:
    """The functions above, for tests (which cannot import a conftest)."""

    arrays = staticmethod(arrays)
    cifar_binary_files = staticmethod(cifar_binary_files)
    cifar_python_files = staticmethod(cifar_python_files)
    python2_pickle = staticmethod(python2_pickle)
    write_files = staticmethod(write_files)
    write_jpeg_npz = staticmethod(write_jpeg_npz)
    write_pictures = staticmethod(write_pictures)
    write_tar = staticmethod(write_tar)
    npz = staticmethod(_npz)


@pytest.fixture
def archives() -> type[Archives]:
    return Archives


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """(kind, path) of one example of every form."""
    kind, write = EXAMPLES[request.param]
    return kind, write(tmp_path / "data")
