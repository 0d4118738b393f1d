"""The one DataSource behind every shipped kind: subset, resizing, caching and division of raw images.

Torch is imported when images are read, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from bnao.data.base import DataSource
from bnao.data.cache import entry_path, load_or_build, read_entry
from bnao.data.config import DataConfig
from bnao.data.limits import check_decoded_size
from bnao.data.raw import RawImages, RawSource, check_class_names, check_every_class, check_labels
from bnao.data.resize import check_reduction, reduce_images
from bnao.data.stratify import divide, subset
from bnao.errors import DataError
from bnao.task import Task

if TYPE_CHECKING:
    from bnao.data.images import Images
    from bnao.data.search_data import SearchData, TestData

_CHUNK = 2048


@final
class ArraySource(DataSource):
    """Images of ``raw``, as ``config`` wants them (all its fields but ``source`` and ``download``)."""

    def __init__(self, raw: RawSource, config: DataConfig) -> None:
        check_class_names(raw.classes, raw.num_classes, raw.where)
        size = raw.size
        if config.resolution is not None:
            check_reduction(*raw.size, config.resolution)
            size = (config.resolution, config.resolution)
        self._raw = raw
        self._config = config
        self._task = Task(in_channels=raw.channels, image_size=size, num_classes=raw.num_classes, classes=raw.classes)

    @property
    def task(self) -> Task:
        return self._task

    @property
    def has_test(self) -> bool:
        return self._raw.test is not None

    def search_data(self, rng: np.random.Generator) -> SearchData:
        import torch

        from bnao.data.images import channel_statistics
        from bnao.data.search_data import SearchData

        raw = self._raw.train()
        labels = self._checked(raw)
        check_every_class(labels, self._task.num_classes, self._raw.where)
        limit = self._config.max_train_images
        index = subset(labels, len(labels) if limit is None else limit, self._task.num_classes, rng)
        train, valid = divide(
            labels[index],
            self._config.valid_fraction,
            self._task.num_classes,
            rng,
            "train and validation both have every class",
            "add images, raise max_train_images, or change valid_fraction",
        )
        pixels = self._pixels(raw, index)
        train_NCHW = torch.from_numpy(pixels[train].transpose(0, 3, 1, 2).copy())
        mean_C, std_C = channel_statistics(train_NCHW)
        return SearchData(
            train=_images(train_NCHW, labels[index[train]]).with_statistics(mean_C, std_C),
            valid=_images(
                torch.from_numpy(pixels[valid].transpose(0, 3, 1, 2).copy()), labels[index[valid]]
            ).with_statistics(mean_C, std_C),
            task=self._task,
        )

    def test_data(self) -> TestData | None:
        import torch

        from bnao.data.search_data import TestData

        if self._raw.test is None:
            return None
        raw = self._raw.test()
        labels = self._checked(raw)
        pixels = self._pixels(raw, np.arange(len(labels)))
        return TestData(images=_images(torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()), labels))

    def _checked(self, raw: RawImages) -> NDArray[np.int64]:
        if len(raw.labels_N) == 0:
            raise DataError(f"a set of images is not empty; one of {self._raw.where} is: add images")
        if (raw.channels, raw.size) != (self._raw.channels, self._raw.size):
            raise DataError(
                f"training and test images have one shape; {self._raw.where} has {self._raw.channels} channels of "
                f"{self._raw.size} and {raw.channels} of {raw.size}: bring them to one shape"
            )
        return check_labels(raw.labels_N, self._task.num_classes, self._raw.where)

    def _pixels(self, raw: RawImages, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Resized uint8 (M, H, W, C); a subset is taken from a whole cached set if there is one, else not cached."""
        channels, size = self._task.in_channels, self._task.image_size
        check_decoded_size(len(index), channels, size, self._raw.where)
        if raw.fingerprint is None or not self._config.cache:
            return self._read(raw, index)
        total = len(raw.labels_N)
        path = entry_path(raw.fingerprint(), self._config.resolution)
        shape = (total, *size, channels)
        if len(index) == total:
            return load_or_build(path, shape, lambda: self._read(raw, index))
        whole = read_entry(path, shape)
        return self._read(raw, index) if whole is None else whole[index]

    def _read(self, raw: RawImages, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        out = np.empty((len(index), *self._task.image_size, self._task.in_channels), dtype=np.uint8)
        for start in range(0, len(index), _CHUNK):
            images = raw.read(index[start : start + _CHUNK])
            if self._config.resolution is not None:
                images = reduce_images(images, self._config.resolution)
            out[start : start + _CHUNK] = images
        return out


def _images(images_NCHW: object, labels_N: NDArray[np.int64]) -> Images:
    import torch

    from bnao.data.images import Images

    assert isinstance(images_NCHW, torch.Tensor)
    channels = images_NCHW.shape[1]
    return Images(
        images_NCHW=images_NCHW,
        labels_N=torch.from_numpy(labels_N.copy()),
        mean_C=torch.zeros(channels),
        std_C=torch.ones(channels),
    )
