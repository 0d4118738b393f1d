"""What a classification task asks of a network: the shape of its input and the number of its classes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Task:
    """Shape of a classification task.

    ``in_channels`` image channels, ``image_size`` (height, width) in pixels, ``num_classes`` >= 2, ``classes`` their
    names (may be empty).
    """

    in_channels: int
    image_size: tuple[int, int]
    num_classes: int
    classes: tuple[str, ...] = ()
