"""A part of a large picture at the size that a network takes. Imports no torch.

Evaluation: the shorter side brought to 256/224 of the size, and the central square of the size; training: a random
part of 8 % to 100 % of the area, with sides in a ratio of 3/4 to 4/3. Both by pillow's bilinear filter with
antialiasing, in one step: the part is cut out of the original at once.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bnao.data.decode import picture

CENTRAL = 224 / 256
"""Side of the evaluation's central square, over the shorter side."""
AREA = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)
TRIES = 10
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM")

Box = tuple[float, float, float, float]


def central_box(width: int, height: int, share: float = CENTRAL) -> Box:
    """(left, top, right, bottom) of the central square whose side is ``share`` of the shorter side.

    >>> central_box(400, 320)
    (60.0, 20.0, 340.0, 300.0)
    """
    side = share * min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def random_box(width: int, height: int, rng: np.random.Generator) -> Box:
    """A part with area and ratio drawn (the ratio's logarithm uniformly), at a place drawn.

    After :data:`TRIES` draws that do not fit: the largest central part whose ratio is allowed.
    """
    for _ in range(TRIES):
        area = width * height * rng.uniform(*AREA)
        ratio = math.exp(rng.uniform(math.log(RATIO[0]), math.log(RATIO[1])))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
            return left, top, left + w, top + h
    wide, high = min(width, height * RATIO[1]), min(height, width / RATIO[0])
    return (width - wide) / 2, (height - high) / 2, (width + wide) / 2, (height + high) / 2


def cut(path: Path, side: int, rng: np.random.Generator | None = None, *, share: float = CENTRAL) -> NDArray[np.uint8]:
    """Pixels of a picture file, RGB, uint8 (3, side, side): a central square, or with ``rng`` a random part.

    ``share`` is the central square's side over the shorter side of the picture.

    Raises DataError, naming the file, if it is damaged or no picture.
    """
    whole = picture(path, 3, FORMATS, path)
    box = central_box(whole.width, whole.height, share) if rng is None else random_box(whole.width, whole.height, rng)
    part = whole.resize((side, side), Image.Resampling.BILINEAR, box=box)
    return np.ascontiguousarray(np.asarray(part, dtype=np.uint8).transpose(2, 0, 1))
