"""Augmentation and batch order."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.data import Augment, AugmentConfig, batch_indices, epoch_order, steps_per_epoch
from bnao.data.augment import crop, cutout, flip
from bnao.errors import SettingError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6), st.integers(2, 9), st.integers(2, 9), st.integers(0, 4), st.integers(0, 10**6))
def test_crop_is_a_shift_with_zeros(batch, height, width, padding, seed):
    x = torch.randn(batch, 2, height, width, generator=seeded(seed))
    out = crop(x, padding, seeded(seed))
    g = seeded(seed)
    tops = torch.randint(2 * padding + 1, (batch,), generator=g).tolist()
    lefts = torch.randint(2 * padding + 1, (batch,), generator=g).tolist()
    for b, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        for i in range(height):
            for j in range(width):
                r, c = i + top - padding, j + left - padding
                inside = 0 <= r < height and 0 <= c < width
                assert torch.equal(out[b, :, i, j], x[b, :, r, c] if inside else torch.zeros(2))


def test_flip_is_an_involution_and_fair():
    x = torch.randn(4000, 1, 2, 3, generator=seeded())
    once = flip(x, seeded(5))
    assert torch.equal(flip(once, seeded(5)), x)
    mirrored = (once == x.flip(3)).flatten(1).all(1)
    assert torch.equal(once[mirrored], x[mirrored].flip(3)) and torch.equal(once[~mirrored], x[~mirrored])
    assert 1850 < int(mirrored.sum()) < 2150


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(0, 10**6))
def test_cutout_removes_one_clipped_square(side, seed):
    out = cutout(torch.ones(16, 3, 10, 8), side, seeded(seed))
    assert torch.equal(out[:, 0], out[:, 2])
    for image in out[:, 0]:
        rows, columns = (image == 0).any(1), (image == 0).any(0)
        height, width = int(rows.sum()), int(columns.sum())
        assert torch.equal(image == 0, rows[:, None] & columns[None, :])
        assert (side + 1) // 2 <= height <= side or height == 10
        assert (side + 1) // 2 <= width <= side or width == 8


def test_cutout_centre_is_uniform():
    out = cutout(torch.ones(8000, 1, 4, 4), 1, seeded())
    counts = (out == 0).sum((0, 1)).flatten()
    assert counts.sum() == 8000 and float(((counts - 500.0) ** 2 / 500).sum()) < 37.7  # chi-square, 15 df, p = 0.001


def test_augment_is_deterministic_and_leaves_its_argument():
    x = torch.randn(8, 3, 12, 12, generator=seeded())
    before = x.clone()
    augment = Augment(AugmentConfig(cutout=4))
    first, second, other = augment(x, seeded(1)), augment(x, seeded(1)), augment(x, seeded(2))
    assert torch.equal(first, second) and not torch.equal(first, other) and torch.equal(x, before)
    nothing = Augment(AugmentConfig(crop_padding=0, flip=False))(x, seeded())
    assert torch.equal(nothing, x) and nothing.data_ptr() != x.data_ptr()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_augment_on_cuda_equals_cpu():
    x = torch.randn(8, 3, 12, 12, generator=seeded())
    augment = Augment(AugmentConfig(cutout=4))
    assert torch.equal(augment(x.cuda(), seeded(1)).cpu(), augment(x, seeded(1)))


@pytest.mark.parametrize("changed", [{"crop_padding": -1}, {"cutout": -2}, {"cutout": 1.5}, {"crop_padding": True}])
def test_bad_augment_settings(changed):
    with pytest.raises(SettingError, match=next(iter(changed))):
        AugmentConfig(**changed)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 5), st.integers(0, 10**9))
def test_an_epoch_visits_each_image_at_most_once(num_images, batch_size, epoch, seed):
    if batch_size > num_images:
        with pytest.raises(SettingError, match="batch_size"):
            batch_indices(num_images, batch_size, 0, seed, "s")
        return
    steps = steps_per_epoch(num_images, batch_size)
    seen = torch.cat([batch_indices(num_images, batch_size, epoch * steps + i, seed, "s") for i in range(steps)])
    assert len(seen) == steps * batch_size and len(set(seen.tolist())) == len(seen)
    assert torch.equal(seen, epoch_order(num_images, seed, "s", epoch)[: len(seen)])
    if num_images % batch_size == 0:
        assert sorted(seen.tolist()) == list(range(num_images))


def test_order_depends_on_seed_stage_and_epoch():
    base = epoch_order(100, 0, "s", 0)
    assert base.dtype == torch.int64
    assert torch.equal(base, epoch_order(100, 0, "s", 0))
    for other in (epoch_order(100, 1, "s", 0), epoch_order(100, 0, "t", 0), epoch_order(100, 0, "s", 1)):
        assert not torch.equal(base, other)
    base.zero_()  # what a caller does to its copy touches nobody else
    assert not torch.equal(base, epoch_order(100, 0, "s", 0))
    with pytest.raises(SettingError, match="step"):
        batch_indices(10, 2, -1, 0, "s")
