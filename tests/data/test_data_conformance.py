"""The conformance suite finds what is wrong with a source."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from bnao.data import DataSource, Images, SearchData, TestData
from bnao.data.images import channel_statistics
from bnao.task import Task
from bnao.testing.sources import check_source


class OwnSource(DataSource):
    """What a newcomer writes; ``fault`` breaks it in one way."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        generator = torch.Generator().manual_seed(0)
        self.images = torch.randint(0, 256, (40, 3, 6, 6), dtype=torch.uint8, generator=generator)
        self.labels = torch.arange(40) % 2
        self.calls = 0

    @property
    def task(self) -> Task:
        classes = ("a", "a") if self.fault == "names" else ("a", "b")
        return Task(in_channels=3, image_size=(6, 6), num_classes=2, classes=classes)

    @property
    def has_test(self) -> bool:
        return self.fault == "has_test"

    def search_data(self, rng) -> SearchData:
        self.calls += 1
        order = torch.from_numpy(rng.permutation(20))
        if self.fault == "unseeded":
            order = order.roll(self.calls)
        order = torch.stack((2 * order, 2 * order + 1), 1).flatten()
        train, valid = order[:20], order[:20] if self.fault == "leak" else order[20:]
        mean_C, std_C = channel_statistics(self.images[valid if self.fault == "statistics" else train])
        whole = Images(images_NCHW=self.images, labels_N=self.labels, mean_C=mean_C, std_C=std_C)
        data = SearchData(train=whole.take(train), valid=whole.take(valid), task=self.task)
        if self.fault == "class":
            return replace(data, valid=data.valid.take(torch.arange(0, 20, 2)))
        return data

    def test_data(self) -> TestData | None:
        return None


def test_a_right_source_passes():
    check_source(OwnSource())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("names", "names must differ"),
        ("leak", "disjoint"),
        ("statistics", "train part"),
        ("unseeded", "same generator"),
        ("class", "every class"),
        ("has_test", "has_test"),
    ],
)
def test_a_fault_is_named(fault, message):
    with pytest.raises(AssertionError, match=message):
        check_source(OwnSource(fault))
