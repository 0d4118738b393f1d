"""Sizes of images within a network."""

from __future__ import annotations


def reduced(size: tuple[int, int], stride: int) -> tuple[int, int]:
    """ceil(size / stride), of height and width.

    >>> reduced((9, 8), 2)
    (5, 4)
    """
    return -(-size[0] // stride), -(-size[1] // stride)
