"""Reduction of images by exact area averaging. Imports no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bnao.errors import DataError


def area_matrix(size_in: int, size_out: int) -> NDArray[np.float32]:
    """Weights (size_out, size_in): row i averages the stretch [i, i+1) * size_in / size_out of the input line.

    >>> area_matrix(3, 2).round(3).tolist()
    [[0.6669999957084656, 0.3330000042915344, 0.0], [0.0, 0.3330000042915344, 0.6669999957084656]]
    """
    step = size_in / size_out
    start = np.arange(size_out)[:, None] * step
    pixel = np.arange(size_in)[None, :]
    overlap = np.minimum(start + step, pixel + 1) - np.maximum(start, pixel)
    weights: NDArray[np.float32] = (np.clip(overlap, 0, None) / step).astype(np.float32)
    return weights


def central_square(height: int, width: int) -> tuple[int, int, int]:
    """(top, left, side) of the largest central square."""
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side


def reduce_images(images_NHWC: NDArray[np.uint8], resolution: int) -> NDArray[np.uint8]:
    """The central square of each image, reduced to ``resolution`` pixels a side; uint8, rounded half to even.

    Raises DataError if the images are smaller than that.
    """
    _, height, width, _ = images_NHWC.shape
    top, left, side = central_square(height, width)
    check_reduction(height, width, resolution)
    square = images_NHWC[:, top : top + side, left : left + side]
    if side == resolution:
        return square
    weights = area_matrix(side, resolution)
    rows = np.tensordot(weights, square.astype(np.float32), axes=(1, 1))  # (h, N, W, C)
    both = np.tensordot(weights, rows, axes=(1, 2))  # (w, h, N, C)
    result: NDArray[np.uint8] = np.rint(both).clip(0, 255).astype(np.uint8).transpose(2, 1, 0, 3)
    return result


def check_reduction(height: int, width: int, resolution: int) -> None:
    """Raise DataError if ``resolution`` would enlarge images of this size."""
    if resolution > min(height, width):
        raise DataError(
            f"resolution only reduces: at most the shorter side, {min(height, width)} pixels; received {resolution}: "
            "lower it or leave it out"
        )
