"""All training images and the test images: what a network's last training uses, after every choice was made."""

from __future__ import annotations

from dataclasses import dataclass

from bnao.data.catalog import open_source
from bnao.data.config import DataConfig
from bnao.data.held_out import OWN_TEST_SET
from bnao.data.pictures import Pictures
from bnao.data.search_data import TestData
from bnao.errors import DataError
from bnao.rng import generator
from bnao.task import Task


@dataclass(frozen=True, eq=False, kw_only=True)
class WholeData:
    """``train`` to learn from, ``test`` to measure on; both are normalised by the statistics of ``train``."""

    train: Pictures
    test: TestData
    task: Task


def whole(config: DataConfig, seed: int) -> WholeData:
    """All training images of the source, its validation part too, and its test images.

    A source without test images gives ``config.valid_fraction`` of its training images, of each class, drawn by
    ``seed``, to measure on. Raises DataError, SettingError.

    >>> data = whole(DataConfig(max_train_images=100, resolution=8, cache=False), seed=0)
    >>> len(data.train), data.test.measured
    (100, 'test set')
    """
    source = open_source(config)
    data = source.search_data(generator(seed, "data", "split"))
    train, valid = data.train, data.valid
    assert isinstance(train, Pictures) and isinstance(valid, Pictures), "sources give images"
    if not source.has_test:
        measured = f"{100 * config.valid_fraction:g} % of the training images, set aside by seed"
        return WholeData(train=train, test=TestData(images=valid, measured=measured), task=source.task)
    both = train.joined(valid)
    both = both.with_statistics(*both.statistics())
    test = source.test_data()
    if test is None or not isinstance(test.images, Pictures):
        raise DataError("a source with has_test returns a test set of images; received none: mend the source")
    images = test.images.with_statistics(both.mean_C, both.std_C)
    return WholeData(train=both, test=TestData(images=images, measured=OWN_TEST_SET), task=source.task)
