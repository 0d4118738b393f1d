"""The seam of data sources. Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from bnao.task import Task

if TYPE_CHECKING:
    from bnao.data.search_data import SearchData, TestData


class DataSource(ABC):
    """Labelled images for one classification task.

    A newcomer writes one file with these four members, and checks it with
    :func:`bnao.testing.sources.check_source`. Use :func:`bnao.data.held_out.split` to obtain what a search may see and
    a closed handle on what it may not.
    """

    @property
    @abstractmethod
    def task(self) -> Task:
        """Channels, image size after any resizing, and classes. Cheap: reads no images."""

    @property
    @abstractmethod
    def has_test(self) -> bool:
        """Whether there is a test set of its own. Cheap: reads no images."""

    @abstractmethod
    def search_data(self, rng: np.random.Generator) -> SearchData:
        """Train and validation parts, disjoint, each with every class, divided by ``rng`` alone.

        Normalisation statistics come from the train part only. Raises DataError if the data are damaged.
        """

    @abstractmethod
    def test_data(self) -> TestData | None:
        """The source's own test set, or None if there is none.

        Its statistics are replaced by those of the train part in :meth:`bnao.data.held_out.HeldOut.open`.
        """
