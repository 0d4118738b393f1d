"""Data in folders of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from .case import Make, case
from .examples import images, pictures

PICTURES = "search --data folder:pictures"
BROKEN = "cat/003.png"


def changed(name: str, content: bytes | None = None, cut: int | None = None) -> Make:
    """Makes good pictures, and a file of its own or a shorter one of what there is."""

    def make(folder: Path) -> None:
        pictures(folder)
        path = folder / "pictures" / name
        path.write_bytes(path.read_bytes()[:cut] if content is None else content)

    return make


def _empty(folder: Path) -> None:
    (folder / "pictures").mkdir()


def _empty(folder: Path) -> None:
    (folder / "pictures").mkdir()


def _empty_class(folder: Path) -> None:
    pictures(folder)
    (folder / "pictures" / "bat").mkdir()


def _one_class(folder: Path) -> None:
    pictures(folder)
    for name in ("dog", "owl"):
        (folder / "pictures" / name).rename(folder / name)


def _loose(folder: Path) -> None:
    (folder / "pictures").mkdir()
    Image.fromarray(images(1)[0]).save(folder / "pictures" / "a.png")


def _texts(folder: Path) -> None:
    (folder / "pictures" / "cat").mkdir(parents=True)
    (folder / "pictures" / "cat" / "a.txt").write_text("no picture")


def _two_sizes(folder: Path) -> None:
    pictures(folder)
    Image.fromarray(images(1, (20, 24, 3))[0]).save(folder / "pictures" / BROKEN)


def _sixteen_bits(folder: Path) -> None:
    pictures(folder)
    Image.fromarray(np.zeros((16, 16), np.uint16)).save(folder / "pictures" / BROKEN)


def _other_test_class(folder: Path) -> None:
    pictures(folder)
    (folder / "pictures").rename(folder / "train")
    pictures(folder)
    (folder / "pictures" / "cat").rename(folder / "pictures" / "crow")
    (folder / "pictures").rename(folder / "test")
    (folder / "pictures").mkdir()
    for name in ("train", "test"):
        (folder / name).rename(folder / "pictures" / name)


CASES = [
    case("no such folder", PICTURES, "an existing path", "'pictures'", "does not exist", "check it"),
    case("a file", PICTURES, "is a folder", "pictures is a file", make=lambda f: (f / "pictures").write_text("x")),
    case("empty folder", PICTURES, "one folder of pictures for each class", make=_empty),
    case(
        "empty folder, kind not told",
        "search --data pictures",
        "known kind",
        "pictures does not",
        "folder: a folder of pictures for each class",
        make=_empty,
    ),
    case("no pictures in it", PICTURES, "every class has pictures", "pictures/cat has none", make=_texts),
    case("pictures not in folders of classes", PICTURES, "one folder of pictures for each class", make=_loose),
    case("a class without pictures", PICTURES, "pictures/bat has none", "remove the class", make=_empty_class),
    case("one class only", PICTURES, "at least 2 classes", "has 1", "add another", make=_one_class),
    case("class of the test set alone", PICTURES, "test classes are", "'crow'", "rename or", make=_other_test_class),
    case("picture cut in half", PICTURES, BROKEN, "replace or remove it", make=changed(BROKEN, cut=300)),
    case("empty picture", PICTURES, BROKEN, "replace or remove it", make=changed(BROKEN, b"")),
    case("text named .png", PICTURES, BROKEN, "replace or remove it", make=changed(BROKEN, b"no picture")),
    case(
        "pictures of two sizes", f"{PICTURES} --data.resolution none", "16x16, 20x24", "set resolution", make=_two_sizes
    ),
    case("picture of 16 bits", PICTURES, BROKEN, "8 bits", "convert it", make=_sixteen_bits),
]
