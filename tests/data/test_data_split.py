"""Division, subsets, statistics, resizing, cache."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.data import DataConfig, Images, cache_folder, load, open_source, split
from bnao.data.cache import load_or_build
from bnao.data.images import channel_statistics
from bnao.data.resize import area_matrix, reduce_images
from bnao.data.stratify import apportion, divide, subset
from bnao.errors import DataError
from bnao.rng import generator


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.floats(0, 1))
def test_apportion_sums_and_stays_within_one(counts, share):
    counts = np.array(counts)
    total = round(share * int(counts.sum()))
    chosen = apportion(counts, total)
    assert chosen.sum() == total and (chosen >= 0).all() and (chosen <= counts).all()
    if counts.sum():
        assert (np.abs(chosen - counts * total / counts.sum()) < 1).all()


@settings(deadline=None)
@given(st.lists(st.integers(2, 30), min_size=2, max_size=6), st.floats(0.05, 0.95), st.integers(0, 10**6))
def test_divide_is_disjoint_complete_and_stratified(counts, fraction, seed):
    labels = generator(seed, "x").permutation(np.repeat(np.arange(len(counts)), counts))
    kept, aside = divide(labels, fraction, len(counts), generator(seed, "a"), "rule", "remedy")
    assert sorted([*kept, *aside]) == list(range(len(labels)))
    for k, count in enumerate(counts):
        got = int((labels[aside] == k).sum())
        assert 1 <= got < count and abs(got - fraction * count) <= 1.5
    again = divide(labels, fraction, len(counts), generator(seed, "a"), "rule", "remedy")
    assert np.array_equal(aside, again[1])


def test_divide_depends_on_the_seed_and_names_the_small_class():
    labels = np.arange(1000) % 10
    first, second = (divide(labels, 0.1, 10, generator(s, "a"), "r", "m")[1] for s in (0, 1))
    assert not np.array_equal(first, second)
    with pytest.raises(DataError, match="class 1 has 1 of 3: more"):
        divide(np.array([0, 0, 1]), 0.5, 2, generator(0, "a"), "rule", "more")


def test_subset_is_balanced():
    labels = np.arange(1000) % 10
    index = subset(labels, 200, 10, generator(0, "a"))
    assert np.bincount(labels[index]).tolist() == [20] * 10 and len(set(index)) == 200
    assert len(subset(labels, 5000, 10, generator(0, "a"))) == 1000


def test_without_test_set_a_third_of_validation_is_held_out(tmp_path, archives):
    folder = archives.write_pictures(tmp_path / "d", per_class=12)
    config = DataConfig(source=str(folder), valid_fraction=0.5)
    source = open_source(config)
    whole = source.search_data(generator(3, "data", "split"))
    data, held_out = split(source, seed=3)
    test = held_out.open()
    assert test.measured.startswith("a third of validation")
    assert (len(data.valid), len(test.images)) == (12, 6)
    pieces = [{x.numpy().tobytes() for x in part.images_NCHW} for part in (data.train, data.valid, test.images)]
    assert sum(map(len, pieces)) == 36 and len(set.union(*pieces)) == 36
    assert pieces[1] | pieces[2] == {x.numpy().tobytes() for x in whole.valid.images_NCHW}
    assert torch.bincount(test.images.labels_N).tolist() == [2, 2, 2]
    again = split(open_source(config), seed=3)[1].open()
    assert torch.equal(test.images.images_NCHW, again.images.images_NCHW)


def test_max_train_images_counts_before_the_split():
    data, held_out = load(DataConfig(max_train_images=300, valid_fraction=0.2, resolution=8), seed=0)
    assert (len(data.train), len(data.valid), data.task.image_size) == (240, 60, (8, 8))
    assert len(held_out.open().images) == 2000


def test_statistics_match_torch_and_constant_channel_is_safe():
    x = torch.randint(0, 256, (50, 3, 7, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    x[:, 2] = 9
    mean_C, std_C = channel_statistics(x)
    y = x.double() / 255
    assert torch.allclose(mean_C.double(), y.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(std_C[:2].double(), y.std((0, 2, 3), correction=0)[:2], atol=1e-6)
    assert std_C[2] == pytest.approx(1 / 255)
    with pytest.raises(DataError, match="at least one image"):
        channel_statistics(x[:0])


def test_images_batch_take_and_checks():
    x = torch.arange(2 * 3 * 4, dtype=torch.uint8).view(2, 3, 2, 2)
    stats = {"mean_C": torch.tensor([0.1, 0.2, 0.3]), "std_C": torch.tensor([1.0, 2.0, 4.0])}
    data = Images(images_NCHW=x, labels_N=torch.tensor([4, 5]), **stats)
    pixels, labels = data.batch(torch.tensor([1, 1]))
    wanted = (x[1].float() / 255 - stats["mean_C"].view(3, 1, 1)) / stats["std_C"].view(3, 1, 1)
    assert torch.allclose(pixels[0], wanted, atol=1e-6) and labels.tolist() == [5, 5]
    assert torch.equal(data.batch(slice(0, 2))[0][1], pixels[0])
    assert data.take(torch.tensor([1])).labels_N.tolist() == [5]
    assert data.to("cpu").images_NCHW.dtype == torch.uint8
    with pytest.raises(DataError, match="uint8"):
        Images(images_NCHW=x.float(), labels_N=torch.tensor([4, 5]), **stats)
    with pytest.raises(DataError, match="one per image"):
        Images(images_NCHW=x, labels_N=torch.tensor([4]), **stats)
    with pytest.raises(DataError, match="mean_C"):
        Images(images_NCHW=x, labels_N=torch.tensor([4, 5]), mean_C=torch.zeros(2), std_C=torch.ones(3))


@given(st.integers(1, 40), st.integers(1, 40))
def test_area_matrix_averages(size_in, size_out):
    weights = area_matrix(size_in, size_out)
    assert np.allclose(weights.sum(1), 1, atol=1e-5)
    if size_out <= size_in:
        assert np.allclose(weights.sum(0), size_out / size_in, atol=1e-5)


def test_reduction_is_the_mean_of_blocks_and_crops_the_centre():
    x = np.random.default_rng(0).integers(0, 256, (3, 8, 12, 2), dtype=np.uint8)
    out = reduce_images(x, 4)
    blocks = x[:, :, 2:10].reshape(3, 4, 2, 4, 2, 2).astype(np.float64).mean((2, 4))
    assert out.dtype == np.uint8 and np.array_equal(out, np.rint(blocks))
    assert np.array_equal(reduce_images(np.full((1, 9, 9, 1), 77, np.uint8), 4), np.full((1, 4, 4, 1), 77))


def test_cache_is_used_verified_and_can_be_off(tmp_path, archives, monkeypatch):
    path = archives.write_jpeg_npz(tmp_path / "x_train.npz", *archives.arrays(3, 8, (16, 16, 3)))
    first, _ = load(DataConfig(source=str(path), valid_fraction=0.4), seed=0)
    (entry,) = (cache_folder() / "decoded").glob("*.npz")
    assert [p.name for p in entry.parent.iterdir()] == [entry.name]
    monkeypatch.setattr("bnao.data.sources.jpeg_npz.decode", None)  # any decoding would now fail
    second, _ = load(DataConfig(source=str(path), valid_fraction=0.4), seed=0)
    load(DataConfig(source=str(path), valid_fraction=0.4, max_train_images=18), seed=0)
    assert torch.equal(first.train.images_NCHW, second.train.images_NCHW)
    monkeypatch.undo()
    monkeypatch.setenv("BNAO_CACHE", str(tmp_path / "cache"))
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(bytes(content))
    with pytest.warns(UserWarning, match="decoded again"):
        third, _ = load(DataConfig(source=str(path), valid_fraction=0.4), seed=0)
    assert torch.equal(first.train.images_NCHW, third.train.images_NCHW)
    entry.unlink()
    load(DataConfig(source=str(path), valid_fraction=0.4, cache=False), seed=0)
    load(DataConfig(source=str(path), valid_fraction=0.4, max_train_images=18), seed=0)
    assert not entry.exists()
    load(DataConfig(source=str(path), valid_fraction=0.4, resolution=8), seed=0)
    assert not entry.exists() and len(list(entry.parent.iterdir())) == 1


def test_changed_content_has_another_entry(tmp_path, archives):
    for seed in (0, 1):
        images, labels = archives.arrays(3, 8, (16, 16, 3), seed=seed)
        path = archives.write_jpeg_npz(tmp_path / "x_train.npz", images, labels)
        load(DataConfig(source=str(path), valid_fraction=0.4), seed=0)
    assert len(list((cache_folder() / "decoded").iterdir())) == 2


def test_unwritable_cache_warns_and_goes_on(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="BNAO_CACHE"):
        out = load_or_build(tmp_path / "file" / "decoded" / "a.npz", (2,), lambda: np.array([1, 2], np.uint8))
    assert out.tolist() == [1, 2]


def test_cache_folder_order(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("BNAO_CACHE")
    assert str(cache_folder()) == "/x/bnao"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parts[-2:] == (".cache", "bnao")
