"""The order of training images, a pure function of (seed, stage, step): a resumed run stores nothing for it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from bnao.errors import require
from bnao.rng import Name, generator


@lru_cache(maxsize=8)
def _permutation(num_images: int, seed: int, stage: Name, epoch: int) -> NDArray[np.int64]:
    order = generator(seed, "order", stage, epoch).permutation(num_images)
    order.setflags(write=False)
    return order


def epoch_order(num_images: int, seed: int, stage: Name, epoch: int) -> torch.Tensor:
    """The permutation (N,) int64 in which ``epoch`` (from 0) of ``stage`` visits the images.

    >>> sorted(epoch_order(3, 0, "final", 0).tolist())
    [0, 1, 2]
    """
    return torch.from_numpy(_permutation(num_images, seed, stage, epoch).copy())


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """``num_images // batch_size``: the last, incomplete batch of an epoch is dropped.

    Raises SettingError if there is not one whole batch.
    """
    require(batch_size >= 1, "batch_size is at least 1", batch_size, "raise it")
    require(
        num_images >= batch_size,
        f"batch_size is at most the number of training images, {num_images}",
        batch_size,
        "lower batch_size or use more images",
    )
    return num_images // batch_size


def batch_indices(num_images: int, batch_size: int, step: int, seed: int, stage: Name) -> torch.Tensor:
    """Indices (B,) int64 of the images that global ``step`` (from 0) of ``stage`` trains on.

    Epoch ``step // steps_per_epoch`` visits each image at most once. Raises SettingError as
    :func:`steps_per_epoch`, or for a negative step.

    >>> len(batch_indices(10, 4, step=0, seed=0, stage="supernet"))
    4
    """
    steps = steps_per_epoch(num_images, batch_size)
    require(step >= 0, "step counts from 0", step, "pass the step within the stage")
    epoch, position = divmod(step, steps)
    order = _permutation(num_images, seed, stage, epoch)
    return torch.from_numpy(order[position * batch_size : (position + 1) * batch_size].copy())
