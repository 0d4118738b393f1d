"""Images normalised by channel, wherever their pixels are.

Shapes: N images, C channels, B batch.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bnao.data.examples import Examples

P = TypeVar("P", bound="Pictures")


class Pictures(Examples):
    """Labelled images of one size; a batch is ``(pixels / 255 - mean_C) / std_C``, float32 (B, C, H, W)."""

    mean_C: Tensor
    std_C: Tensor

    @abstractmethod
    def with_statistics(self: P, mean_C: Tensor, std_C: Tensor) -> P:
        """The same images, normalised by other statistics."""

    @abstractmethod
    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (C,) of these images themselves, in units of [0, 1]."""

    @abstractmethod
    def classes(self) -> NDArray[np.int64]:
        """(N,) the labels."""

    @property
    def central_share(self) -> float:
        """Side of the central square that is seen of a picture which is larger, over its shorter side."""
        return 1.0
