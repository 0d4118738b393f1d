"""Data in files of arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from .case import Case, Make, case
from .examples import images, labels, npz

SMALL = "search --data small.npz"
TYPED = "search --data npz:small.npz"


def spoiled(change: Callable[[bytes], bytes]) -> Make:
    """Makes a good small.npz and changes its bytes."""

    def make(folder: Path) -> None:
        npz(folder)
        path = folder / "small.npz"
        path.write_bytes(change(path.read_bytes()))

    return make


def arrays(name: str, changed: dict[str, np.ndarray], *says: str) -> Case:
    """A case of a small.npz with these arrays in place of its own."""
    return case(name, TYPED, *says, make=lambda folder: npz(folder, **changed))


def _with(position: int, value: float) -> np.ndarray:
    changed = labels().astype(type(value))
    changed[position] = value
    return changed


def _not_a_number() -> np.ndarray:
    pixels = images().astype(np.float32) / 255
    pixels[3, 2, 1, 0] = np.nan
    return pixels


def _flipped(content: bytes) -> bytes:
    return content[:5000] + bytes([content[5000] ^ 255]) + content[5001:]


CASES = [
    case("no such file", SMALL, "an existing path", "'small.npz'", "does not exist", "check it"),
    case("no such file of a kind", TYPED, "an existing path", "'small.npz'", "does not exist", "check it"),
    case("kind without a path", "search --data npz", "'npz' need a path", "npz:PATH"),
    case("kind with an empty path", "search --data npz:", "'npz' need a path", "npz:PATH"),
    case("no source", "search --data ''", "source names a kind of data or a path", "''", "folder:PATH"),
    case("path for the sample", "search --data sample:.", "takes no path", "write 'sample'"),
    case("zero byte in the path", "search --data 'a\0b'", "an existing path", "check it"),
    case("empty file", TYPED, "a .npz file is a zip archive", "small.npz", "empty", make=spoiled(lambda b: b"")),
    case("empty file, kind not told", SMALL, "small.npz", "empty", make=spoiled(lambda b: b"")),
    case("cut in half", TYPED, "small.npz", "obtain it again", make=spoiled(lambda b: b[: len(b) // 2])),
    case("cut in half, kind not told", SMALL, "small.npz", "obtain it again", make=spoiled(lambda b: b[: len(b) // 2])),
    case("one byte altered", TYPED, "small.npz", "CRC", "obtain it again", make=spoiled(_flipped)),
    case("text named .npz", SMALL, "small.npz", "zip archive", make=spoiled(lambda b: b"not an archive\n" * 9)),
    case("a folder named .npz", TYPED, "small.npz", ".npz file", make=lambda f: (f / "small.npz").mkdir()),
    case("another archive", "search --data cifar10:small.npz", "small.npz", "tar", make=npz),
    case("not downloaded", "search --data cifar10", "cifar10", "--download"),
    arrays("labels missing", {"y_train": labels(), "x_train": images(59)}, "59", "60", "small.npz"),
    arrays("images of another shape", {"x_train": images(60, (16, 16, 7))}, "(60, 16, 16, 7)", "layout"),
    arrays("images without a height", {"x_train": images(60, (768,))}, "(60, 768)", "reshape"),
    arrays("no image", {"x_train": images(0), "y_train": labels()[:0]}, "(0, 16, 16, 3)", "none empty"),
    arrays("images of 32-bit numbers", {"x_train": images().astype(np.int32)}, "uint8", "int32", "convert"),
    arrays("NaN in float images", {"x_train": _not_a_number()}, "uint8", "float32", "convert", "round()"),
    arrays("python objects", {"y_train": np.array([None] * 60)}, "small.npz", "numpy.savez"),
    arrays("labels out of range", {"y_train": _with(7, 10**9)}, "1000000001 classes", "60 images", "without gaps"),
    arrays("labels above the named classes", {"classes": np.array(["a", "b"])}, "from 0 to 1", "has 2 at image 2"),
    arrays("negative label", {"y_train": _with(7, -1)}, "from 0 to 2", "has -1 at image 7", "mend the label"),
    arrays("labels as floats", {"y_train": labels() / 2}, "'y_train' is integer", "float64", "convert"),
    arrays("labels one-hot", {"y_train": np.eye(3, dtype=np.int64)[labels()]}, "'y_train'", "(60, 3)", "argmax"),
    arrays("one class only", {"y_train": 0 * labels()}, "at least 2 classes", "has 1", "add another"),
    arrays("a class without images", {"y_train": 2 * (labels() % 2)}, "none of class 1", "without gaps"),
    arrays("a class of one image", {"y_train": np.eye(60, dtype=np.int64)[0]}, "class 1 has 1 of 60", "add images"),
    case("keys of another kind", TYPED, "x_train, y_train", "pixels", "rename them", make=lambda f: _other_keys(f)),
    case("fewer images than a batch", TYPED, "batch_size is at most", "54", "64", "use more images", make=npz),
    case(
        "validation of one image a class",
        f"{TYPED} --data.valid-fraction 0.01",
        "a third of validation is set aside",
        "class 0 has 1 of 3",
        "raise valid_fraction",
        make=npz,
    ),
    case("larger than they are", f"{TYPED} --data.resolution 64", "only reduces", "16 pixels", "64", make=npz),
    case("subset smaller than the classes", f"{TYPED} --data.max-train-images 2", "class", "2", "images", make=npz),
]


def _other_keys(folder: Path) -> None:
    np.savez(folder / "small.npz", pixels=images(), names=labels())
