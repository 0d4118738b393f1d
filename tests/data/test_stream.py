"""Pictures that are decoded while networks train: the same pixels whoever decodes them, and clear errors."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.pictures import picture_folder

from bnao.data import open_source
from bnao.data.ahead import PREFETCH, num_workers
from bnao.data.config import AugmentConfig, DataConfig
from bnao.data.crops import AREA, RATIO, central_box, cut, random_box
from bnao.data.held_out import split
from bnao.data.images import channel_statistics
from bnao.data.streamed import StreamedImages
from bnao.data.whole import whole
from bnao.errors import DataError, RunError, SettingError
from bnao.rng import generator

CROPS = AugmentConfig(crop_padding=0, resized_crop=True, color_jitter=0.4)
PLAN = [(torch.tensor([0, 5, 2]), 11), (torch.tensor([7, 1, 5]), 12), (torch.tensor([3, 4, 6]), 13)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return picture_folder(tmp_path_factory.mktemp("stream"), classes=3, train=4, val=2, larger=8)


def streamed(root: Path, **changes: object) -> StreamedImages:
    config = DataConfig(source=f"stream:{root}", resolution=24, **{"workers": 0, **changes})  # type: ignore[arg-type]
    train = whole(config, 0).train
    assert isinstance(train, StreamedImages)
    return train


def batches(images: StreamedImages) -> list[torch.Tensor]:
    """As the training loop asks for them."""
    images = images.augmented(CROPS).ahead(iter(PLAN))
    found = []
    for index, seed in PLAN:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            found.append(images.batch(index)[0])
    return found


def test_workers_change_nothing(root: Path) -> None:
    before = torch.get_rng_state()
    alone, together = batches(streamed(root)), batches(streamed(root, workers=1))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(alone[0], batches(streamed(root))[1])


def test_each_step_cuts_other_parts_and_evaluation_always_the_centre(root: Path) -> None:
    images = streamed(root)
    index = torch.tensor([0, 1])
    assert torch.equal(images.batch(index)[0], images.batch(slice(0, 2))[0])
    cuts = images.augmented(CROPS)
    assert not torch.equal(cuts.batch(index)[0], cuts.batch(index)[0])


def test_it_is_the_usual_evaluation(tmp_path: Path) -> None:
    """The shorter side to 256, then the central 224: the same up to where pixels are sampled."""
    smooth = np.linspace(0, 255, 400 * 320).reshape(320, 400)
    whole_picture = Image.fromarray(np.stack([smooth, smooth[::-1], smooth[:, ::-1]], 2).astype(np.uint8))
    whole_picture.save(tmp_path / "a.png")
    usual = whole_picture.resize((320, 256), Image.Resampling.BILINEAR).crop((48, 16, 272, 240))
    difference = cut(tmp_path / "a.png", 224).astype(int) - np.asarray(usual).transpose(2, 0, 1)
    assert np.abs(difference).max() <= 2
    assert central_box(400, 320) == (60.0, 20.0, 340.0, 300.0)


@given(width=st.integers(1, 600), height=st.integers(1, 600), seed=st.integers(0, 2**32))
def test_random_parts_lie_in_the_picture(width: int, height: int, seed: int) -> None:
    left, top, right, bottom = random_box(width, height, np.random.default_rng(seed))
    assert 0 <= left < right <= width and 0 <= top < bottom <= height


def test_random_parts_have_the_usual_area_and_ratio() -> None:
    rng = np.random.default_rng(0)
    boxes = np.array([random_box(500, 400, rng) for _ in range(400)])
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    area, ratio = wide * high / (500 * 400), wide / high
    assert AREA[0] - 0.01 < area.min() < 0.15 and 0.8 < area.max() <= 1.0
    assert RATIO[0] - 0.01 < ratio.min() < 0.8 and 1.25 < ratio.max() < RATIO[1] + 0.01


def test_a_search_sees_it_divided_and_a_training_whole(root: Path) -> None:
    config = DataConfig(source=f"stream:{root}", resolution=24, valid_fraction=0.25, workers=0)
    data, held_out = split(open_source(config), 0)
    assert (len(data.train), len(data.valid), len(held_out.open().images)) == (9, 3, 6)
    assert data.task is not None and data.task.classes == ("class0", "class1", "class2")
    train = data.train
    assert isinstance(train, StreamedImages)
    pixels = torch.stack([torch.from_numpy(cut(train.decoder.root / train.decoder.names[r], 24)) for r in train.rows_N])
    assert torch.allclose(train.mean_C, channel_statistics(pixels)[0])
    wanted = (pixels[:2].float() / 255 - train.mean_C.view(-1, 1, 1)) / train.std_C.view(-1, 1, 1)
    assert torch.allclose(train.batch(slice(0, 2))[0], wanted, atol=1e-5)
    everything = whole(config, 0)
    assert (len(everything.train), everything.test.measured) == (12, "test set")
    assert sorted(everything.train.classes().tolist()) == [0] * 4 + [1] * 4 + [2] * 4


def test_the_division_depends_on_the_seed_alone(root: Path) -> None:
    def parts(seed: int) -> list[list[str]]:
        config = DataConfig(source=f"stream:{root}", resolution=24, valid_fraction=0.25, workers=0)
        data = open_source(config).search_data(generator(seed))
        assert isinstance(data.train, StreamedImages) and isinstance(data.valid, StreamedImages)
        return [[part.decoder.names[row] for row in part.rows_N] for part in (data.train, data.valid)]

    train, valid = parts(0)
    assert parts(0) == [train, valid] and parts(1) != [train, valid]
    assert not set(train) & set(valid) and len(train) + len(valid) == 12


def test_a_changed_picture_is_noticed(tmp_path: Path) -> None:
    root = picture_folder(tmp_path, classes=2, train=2, val=1)
    before = streamed(root).fingerprint()
    assert streamed(root).fingerprint() == before
    Image.new("RGB", (40, 40)).save(root / "train" / "class0" / "0.png")
    assert streamed(root).fingerprint() != before


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_picture_is_named(workers: int, tmp_path: Path) -> None:
    root = picture_folder(tmp_path, classes=2, train=4, val=1)
    images = streamed(root, workers=workers)
    path = root / "train" / "class1" / "1.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"whole and of a known format.*class1/1.png"):
        batches(images)


def test_a_worker_that_dies_is_told(root: Path) -> None:
    images = streamed(root, workers=1).augmented(CROPS)
    endless = images.ahead(PLAN[0] for _ in range(1000))
    ahead = endless.next_batches
    assert ahead is not None
    with pytest.raises(RunError, match=r"one of 1 died.*data.workers"):
        for k in range(PREFETCH + 50):
            torch.manual_seed(PLAN[0][1])
            endless.batch(PLAN[0][0])
            if k == 0:
                [worker] = ahead.processes()
                os.kill(worker, signal.SIGKILL)


def test_what_was_not_planned_is_right_all_the_same(root: Path) -> None:
    images = streamed(root, workers=1)
    ahead = images.ahead([(slice(0, 3), 0)])
    with pytest.warns(UserWarning, match="not those that were planned"):
        found = ahead.batch(slice(1, 4))[0]
    assert torch.equal(found, images.batch(slice(1, 4))[0])


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        ([], "has 0 class folder"),
        (["train/a"], "has 1 class folder"),
        (["train/a", "train/b"], "every class has pictures"),
    ],
)
def test_a_wrong_layout_is_refused(folders: list[str], words: str, tmp_path: Path) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DataError, match=words):
        open_source(DataConfig(source=f"stream:{tmp_path}", resolution=8)).search_data(generator(0))


def test_the_size_is_asked_for(root: Path) -> None:
    with pytest.raises(SettingError, match=r"data.resolution is the side"):
        open_source(DataConfig(source=f"stream:{root}"))


def test_workers_by_default() -> None:
    assert 1 <= num_workers(None) <= 8 and num_workers(0) == 0
