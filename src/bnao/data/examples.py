"""The seam of training data: examples that can be drawn by their numbers, in batches.

Shapes: N examples, B batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnao.data.config import AugmentConfig
from bnao.errors import require

Batch = tuple[Any, Tensor]
"""Inputs of a network (a tensor; a tuple or dict of several) and targets, on the examples' device."""
Planned = tuple[Tensor | slice, int]
"""A batch that will be asked for: its examples, and the seed that torch's global generator will have then."""
Self = TypeVar("Self", bound="Examples")


class Examples(ABC):
    """N examples with targets, on one device."""

    @abstractmethod
    def __len__(self) -> int:
        """N."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where batches are."""

    @abstractmethod
    def to(self: Self, device: torch.device | str) -> Self:
        """The same examples on ``device``."""

    @abstractmethod
    def batch(self, index_B: Tensor | slice) -> Batch:
        """Inputs and targets of the examples at ``index_B``: int64 numbers on any device, or a slice.

        What is random in it (a dataset's own augmentation) is drawn from torch's global generator.
        """

    @abstractmethod
    def take(self: Self, index_B: Tensor) -> Self:
        """The examples at ``index_B`` (int64) alone."""

    @abstractmethod
    def joined(self: Self, other: Self) -> Self:
        """These examples and then ``other``, prepared as these are."""

    @abstractmethod
    def classes(self) -> NDArray[np.int64] | None:
        """(N,) the class of each example, for fair divisions; None where there are no classes."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A digest by which a resumed run knows that its data are the same."""

    def augmented(self: Self, augment: AugmentConfig) -> Self:
        """These examples as a training sees them, with what of ``augment`` precedes the normalisation.

        Default: nothing does, and what would is refused by a SettingError.
        """
        refuse_augmentation(augment, "inputs of your own data are prepared by you")
        return self

    def ahead(self: Self, planned: Iterable[Planned]) -> Self:
        """These examples, told which batches they will be asked for, in this order, so that they may prepare them.

        Default: they do not. What a batch holds never depends on it.
        """
        return self


def refuse_augmentation(augment: AugmentConfig, why: str, *, jitter: bool = True) -> None:
    """Raise SettingError, saying ``why``, where ``augment`` asks for a random resized crop or (``jitter``) colours."""
    require(
        not augment.resized_crop,
        f"augment.resized_crop needs pictures that are streamed, data.source stream:FOLDER; {why}",
        True,
        "set it to false",
    )
    require(
        not (jitter and augment.color_jitter), f"augment.color_jitter needs images; {why}", augment.color_jitter, "0"
    )
