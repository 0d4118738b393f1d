"""What a search may see, and a closed handle on what it may not.

Which data are used for what: supernet and stand-alone networks learn on ``train``; scoring and re-ranking read
``valid``; a reported accuracy is measured on what :meth:`HeldOut.open` returns, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import torch

from bnao.data.base import DataSource
from bnao.data.config import DataConfig
from bnao.data.examples import Examples
from bnao.data.pictures import Pictures
from bnao.data.search_data import SearchData, TestData
from bnao.data.stratify import divide, groups
from bnao.errors import DataError
from bnao.rng import generator

E = TypeVar("E", bound=Examples)
OWN_TEST_SET = "test set"
THIRD_OF_VALIDATION = "a third of validation, set aside by seed"


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldOut:
    """Data for the final measurement, not read before :meth:`open` is called.

    ``measured`` says which data they are: the source's own test set, or a third of validation set aside by the seed.
    ``classes`` are the least and the greatest class, where they are known without reading an input.
    """

    measured: str
    classes: tuple[int, int] | None = None
    _open: Callable[[], Examples] = field(repr=False)

    def open(self) -> TestData:
        """Read the data, normalised by the train part's statistics. Raises DataError if they are damaged."""
        return TestData(images=self._open(), measured=self.measured)


def split(source: DataSource, seed: int) -> tuple[SearchData, HeldOut]:
    """Divide ``source`` by ``seed``: the same seed gives the same parts, on every machine.

    Without a test set of its own, a class-stratified third of the validation part is taken out of it and becomes the
    held-out data. Raises DataError if a class is too small for every part to have it.

    >>> from bnao.data import open_source
    >>> data, held_out = split(open_source(DataConfig(max_train_images=100, resolution=8, cache=False)), seed=0)
    >>> len(data.train), len(data.valid), held_out.measured
    (90, 10, 'test set')
    """
    data = source.search_data(generator(seed, "data", "split"))
    train = data.train
    assert isinstance(train, Pictures), "sources give images"
    if source.has_test:

        def open_test() -> Pictures:
            test = source.test_data()
            if test is None:
                raise DataError("a source with has_test returns a test set; received none: mend the source")
            assert isinstance(test.images, Pictures), "sources give images"
            return test.images.with_statistics(train.mean_C.cpu(), train.std_C.cpu())

        return data, HeldOut(measured=OWN_TEST_SET, _open=open_test)
    return set_aside(data, seed)


def set_aside(data: SearchData, seed: int) -> tuple[SearchData, HeldOut]:
    """Without a test set: a third of validation, of each class where there are classes, becomes the held-out data.

    Raises DataError where a class has fewer than two examples.
    """
    kept, held_out = divided(
        data.valid,
        1 / 3,
        generator(seed, "data", "held_out"),
        "without a test set, a third of validation is set aside, with every class in both",
        "add images, add a test set, or raise valid_fraction",
    )
    return replace(data, valid=kept), HeldOut(measured=THIRD_OF_VALIDATION, _open=lambda: held_out)


def divided(examples: E, fraction: float, rng: np.random.Generator, rule: str, remedy: str) -> tuple[E, E]:
    """(kept, set aside): ``fraction`` of each class, or of all where there are no classes, is set aside.

    Raises DataError with ``rule`` and ``remedy`` where a class has fewer than two examples.
    """
    labels_N, num_classes = groups(examples.classes(), len(examples))
    kept, aside = divide(labels_N, fraction, num_classes, rng, rule, remedy)
    return examples.take(torch.from_numpy(kept)), examples.take(torch.from_numpy(aside))


def load(config: DataConfig, seed: int) -> tuple[SearchData, HeldOut]:
    """``split(open_source(config), seed)``."""
    from bnao.data.catalog import open_source

    return split(open_source(config), seed)
