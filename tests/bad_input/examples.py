"""Small data that are good, for cases to spoil."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

PIXELS = 16
SMALL = "search --data npz:small.npz " + " ".join(
    f"--{name}.training.batch-size 8" for name in ("supernet", "rerank", "final")
)
"""A search that fits what :func:`npz` makes."""


def labels(num_classes: int = 3, per_class: int = 20) -> np.ndarray:
    """0, 1, 2, 0, 1, 2, ..."""
    return np.tile(np.arange(num_classes), per_class)


def images(count: int = 60, shape: tuple[int, ...] = (PIXELS, PIXELS, 3)) -> np.ndarray:
    """Random uint8 images."""
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


def npz(folder: Path, **changed: np.ndarray) -> None:
    """small.npz: 60 images of 3 classes; ``changed`` arrays take the place of x_train, y_train."""
    arrays = {"x_train": images(), "y_train": labels()} | changed
    np.savez(folder / "small.npz", **arrays)


def pictures(folder: Path, per_class: int = 20) -> None:
    """pictures/{cat,dog,owl}/*.png."""
    for name, image in zip(["cat", "dog", "owl"] * per_class, images(3 * per_class), strict=True):
        place = folder / "pictures" / name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{len(list(place.iterdir())):03d}.png")
