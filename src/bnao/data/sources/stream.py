"""A folder of large pictures for each class, such as ImageNet's, decoded while networks train. Imports no torch.

``root/train/CLASS/...`` with ``root/val/CLASS`` (or ``test``, ``valid``), or ``root/CLASS/...`` without test data.
Pictures are listed, not opened, so a damaged one is found when its turn comes. All become RGB of ``resolution`` pixels
a side (:mod:`bnao.data.crops`), upright by their EXIF orientation, white where they are transparent.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from bnao.data.base import DataSource
from bnao.data.config import DataConfig
from bnao.data.kind import SourceKind, needed
from bnao.data.raw import check_class_names, check_every_class
from bnao.data.sources.folder import class_folders, list_pictures, roots
from bnao.data.stratify import divide, subset
from bnao.errors import DataError, require
from bnao.task import Task

if TYPE_CHECKING:
    from bnao.data.search_data import SearchData, TestData
    from bnao.data.streamed import StreamedImages


def open_stream(path: Path | None, config: DataConfig) -> DataSource:
    """The source in the folder ``path``; opens no picture."""
    root = needed(path, "stream")
    if not root.is_dir():
        raise DataError(f"this kind of data is a folder; {root} is a file: give the folder")
    return StreamSource(root, config)


@final
class StreamSource(DataSource):
    """The pictures below ``root``, as ``config`` wants them (all fields but ``source``, ``cache``, ``download``)."""

    def __init__(self, root: Path, config: DataConfig) -> None:
        require(
            config.resolution is not None,
            "data.resolution is the side in pixels to which streamed pictures are brought",
            None,
            "set it, 224 is usual",
        )
        assert config.resolution is not None
        self._config, self._side = config, config.resolution
        self._train_root, self._test_root = roots(root)
        classes = tuple(p.name for p in class_folders(self._train_root))
        if len(classes) < 2:
            raise DataError(
                f"streamed pictures lie in root/train/CLASS/ and root/val/CLASS/, of two classes or more; "
                f"{self._train_root} has {len(classes)} class folder(s): arrange them so"
            )
        check_class_names(classes, len(classes), root)
        self._task = Task(in_channels=3, image_size=(self._side, self._side), num_classes=len(classes), classes=classes)

    @property
    def task(self) -> Task:
        return self._task

    @property
    def has_test(self) -> bool:
        return self._test_root is not None

    def search_data(self, rng: np.random.Generator) -> SearchData:
        from bnao.data.search_data import SearchData

        whole = self._images(self._train_root)
        labels_N = whole.classes()
        check_every_class(labels_N, self._task.num_classes, self._train_root)
        limit = self._config.max_train_images
        index = subset(labels_N, len(labels_N) if limit is None else limit, self._task.num_classes, rng)
        train, valid = divide(
            labels_N[index],
            self._config.valid_fraction,
            self._task.num_classes,
            rng,
            "train and validation both have every class",
            "add images, raise max_train_images, or change valid_fraction",
        )
        learned = _taken(whole, index[train])
        statistics = learned.statistics()
        return SearchData(
            train=learned.with_statistics(*statistics),
            valid=_taken(whole, index[valid]).with_statistics(*statistics),
            task=self._task,
        )

    def test_data(self) -> TestData | None:
        from bnao.data.search_data import TestData

        return None if self._test_root is None else TestData(images=self._images(self._test_root))

    def _images(self, folder: Path) -> StreamedImages:
        import torch

        from bnao.data.ahead import Decoder, num_workers
        from bnao.data.streamed import StreamedImages

        files, labels_N = list_pictures(folder, self._task.classes)
        return StreamedImages(
            decoder=Decoder(
                root=folder.resolve(), names=tuple(str(f.relative_to(folder)) for f in files), side=self._side
            ),
            rows_N=np.arange(len(files), dtype=np.int64),
            labels_N=torch.from_numpy(labels_N),
            mean_C=torch.zeros(3),
            std_C=torch.ones(3),
            workers=num_workers(self._config.workers),
        )


def _taken(images: StreamedImages, index: NDArray[np.int64]) -> StreamedImages:
    import torch

    return images.take(torch.from_numpy(index))


KIND = SourceKind(
    summary="large pictures decoded while training: root/train/CLASS with root/val/CLASS, or root/CLASS",
    detect=lambda path: False,  # a folder of pictures is of kind folder unless it is named
    open=open_stream,
    reads=("workers",),
)
