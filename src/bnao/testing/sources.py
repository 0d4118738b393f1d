"""What every data source must satisfy; run it on your own.

    from bnao.testing.sources import check_source
    check_source(MySource())

Each check raises AssertionError with a sentence saying what is wrong.
"""

from __future__ import annotations

from dataclasses import fields

import torch

from bnao.data.base import DataSource
from bnao.data.examples import Examples
from bnao.data.held_out import THIRD_OF_VALIDATION, split
from bnao.data.images import Images, channel_statistics
from bnao.data.search_data import SearchData, TestData
from bnao.rng import generator


def check_source(source: DataSource, seed: int = 0) -> None:
    """All checks below, in order; reads the whole source a few times."""
    check_task(source)
    data = source.search_data(generator(seed, "check"))
    check_search_data(source, data)
    check_statistics(data)
    check_no_leak(data)
    check_repeatable(source, data, seed)
    check_test_data(source)
    check_split(source, seed)


def check_task(source: DataSource) -> None:
    """The task is sensible and its names, if any, are one for each class."""
    task = source.task
    assert task == source.task, "task must be the same each time it is asked for"
    assert task.in_channels >= 1, f"in_channels must be at least 1; it is {task.in_channels}"
    assert min(task.image_size) >= 1, f"image_size must be positive; it is {task.image_size}"
    assert task.num_classes >= 2, f"num_classes must be at least 2; it is {task.num_classes}"
    assert len(task.classes) in (0, task.num_classes), (
        f"classes must name every class or none; {len(task.classes)} names for {task.num_classes} classes"
    )
    assert len(set(task.classes)) == len(task.classes), "class names must differ from one another"


def check_search_data(source: DataSource, data: SearchData) -> None:
    """Both parts have the task's shape and every class, and there is nothing else to see."""
    assert isinstance(data, SearchData), f"search_data must return SearchData; it returned {type(data).__name__}"
    assert {f.name for f in fields(data)} == {"train", "valid", "task", "objective"}, (
        "a search sees train, valid, task and objective only"
    )
    assert data.task == source.task, "search_data must have the source's task"
    for name, images in _parts(data):
        _check_images(name, images, source)
        counts = torch.bincount(images.labels_N, minlength=source.task.num_classes)
        assert int(counts.min()) > 0, f"{name} must have every class; class {int(counts.argmin())} is missing"


def check_statistics(data: SearchData) -> None:
    """Statistics are those of the train part, in both parts, and a batch is normalised by them."""
    train = dict(_parts(data))["train"]
    mean_C, std_C = channel_statistics(train.images_NCHW)
    for name, images in _parts(data):
        right = torch.allclose(images.mean_C, mean_C, atol=1e-4) and torch.allclose(images.std_C, std_C, atol=1e-4)
        assert right, f"mean_C and std_C of {name} must be those of the train part, in units of [0, 1]"
    pixels, labels = train.batch(torch.tensor([0]))
    wanted = (train.images_NCHW[:1].float() / 255 - mean_C.view(-1, 1, 1)) / std_C.view(-1, 1, 1)
    assert torch.allclose(pixels, wanted, atol=1e-3), "batch must return (x / 255 - mean) / std"
    assert labels.tolist() == train.labels_N[:1].tolist(), "batch must return the labels of its images"


def check_no_leak(data: SearchData) -> None:
    """Less than half of validation occurs in training byte for byte (real sets have a few doubles)."""
    parts = dict(_parts(data))
    seen = {image.numpy().tobytes() for image in parts["train"].images_NCHW.cpu()}
    shared = sum(image.numpy().tobytes() in seen for image in parts["valid"].images_NCHW.cpu())
    assert 2 * shared < len(data.valid), f"train and valid must be disjoint; {shared} of {len(data.valid)} are in both"


def check_repeatable(source: DataSource, data: SearchData, seed: int) -> None:
    """The division depends on the generator and on nothing else."""
    again = source.search_data(generator(seed, "check"))
    other = source.search_data(generator(seed + 1, "check"))
    for (name, first), (_, second), (_, third) in zip(_parts(data), _parts(again), _parts(other), strict=True):
        assert _same(first, second), f"{name} must be the same for the same generator"
        assert len(first) == len(third), f"{name} must have the same size for every generator"


def check_test_data(source: DataSource) -> None:
    """``has_test`` tells the truth; the test set has the task's shape and is the same each time."""
    test = source.test_data()
    assert source.has_test == (test is not None), "has_test must say whether test_data returns something"
    if test is not None:
        assert isinstance(test, TestData), f"test_data must return TestData; it returned {type(test).__name__}"
        _check_images("test", test.images, source)
        again = source.test_data()
        assert again is not None, "test_data must be the same each time"
        same = _same(_images("test", test.images), _images("test", again.images))
        assert same, "test_data must be the same each time"


def check_split(source: DataSource, seed: int) -> None:
    """Held-out data are normalised as training data are, and are no part of what the search sees."""
    data, held_out = split(source, seed)
    test = held_out.open()
    train = _images("train", data.train)
    same = torch.equal(_images("held-out data", test.images).mean_C, train.mean_C)
    assert same, "held-out data must use the train part's statistics"
    assert len(test.images) > 0, "held-out data must not be empty"
    assert (held_out.measured == THIRD_OF_VALIDATION) != source.has_test, "measured must say which data were held out"


def _images(name: str, examples: Examples) -> Images:
    assert isinstance(examples, Images), f"{name} must be Images; it is {type(examples).__name__}"
    return examples


def _parts(data: SearchData) -> list[tuple[str, Images]]:
    return [("train", _images("train", data.train)), ("valid", _images("valid", data.valid))]


def _check_images(name: str, examples: Examples, source: DataSource) -> None:
    task, images = source.task, _images(name, examples)
    wanted = (task.in_channels, *task.image_size)
    assert len(images) > 0, f"{name} must not be empty"
    shape = tuple(images.images_NCHW.shape[1:])
    assert shape == wanted, f"{name} must have images of {wanted}; it has {shape}"
    low, high = int(images.labels_N.min()), int(images.labels_N.max())
    assert low >= 0 and high < task.num_classes, (
        f"labels of {name} must be in [0, {task.num_classes}); they are from {low} to {high}"
    )


def _same(first: Images, second: Images) -> bool:
    return torch.equal(first.images_NCHW, second.images_NCHW) and torch.equal(first.labels_N, second.labels_N)
