"""Every kind of source passes the conformance suite and is recognised; contents arrive unchanged."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
import torch

from bnao.data import SOURCES, DataConfig, load, open_source, split
from bnao.data.search_data import SearchData
from bnao.errors import BnaoError, DataError, SettingError
from bnao.testing.sources import check_source


def test_example_conforms_and_is_recognised(example):
    kind, path = example
    source = open_source(DataConfig(source=str(path), valid_fraction=0.4))
    check_source(source)
    assert [name for name in SOURCES.names() if SOURCES.get(name).detect(path)] == [kind]
    explicit = open_source(DataConfig(source=f"{kind}:{path}", valid_fraction=0.4))
    assert explicit.task == source.task


def test_every_kind_has_an_example():
    from_examples = {"cifar10", "cifar100", "jpeg_npz", "npz", "folder"}
    assert set(SOURCES.names()) == from_examples | {"sample", "stream"}  # test_stream.py: its images are not in memory


def test_sample_conforms_at_low_resolution():
    check_source(open_source(DataConfig(resolution=8, max_train_images=500)))


def test_sample_is_balanced_and_small():
    data, held_out = load(DataConfig(), seed=0)
    assert (len(data.train), len(data.valid)) == (9000, 1000)
    assert torch.bincount(data.train.labels_N).tolist() == [900] * 10
    test = held_out.open()
    assert torch.bincount(test.images.labels_N).tolist() == [200] * 10 and test.measured == "test set"
    assert torch.allclose(data.train.mean_C, torch.tensor([0.491, 0.482, 0.447]), atol=0.01)


def test_sample_files_are_below_four_megabytes():
    from importlib.resources import files

    folder = files("bnao.data").joinpath("sample")
    sizes = [p.stat().st_size for p in folder.iterdir() if p.name.endswith(".npz")]
    assert len(sizes) == 2 and sum(sizes) < 4_000_000


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100"])
def test_cifar_forms_agree_to_the_bit(dataset, archives, tmp_path):
    python = archives.write_tar(tmp_path / "p.tar.gz", archives.cifar_python_files(dataset))
    binary = archives.write_tar(tmp_path / "b.tar.gz", archives.cifar_binary_files(dataset))
    first, held_first = load(DataConfig(source=str(python)), seed=1)
    second, held_second = load(DataConfig(source=str(binary)), seed=1)
    assert torch.equal(first.train.images_NCHW, second.train.images_NCHW)
    assert torch.equal(first.valid.labels_N, second.valid.labels_N)
    assert torch.equal(held_first.open().images.images_NCHW, held_second.open().images.images_NCHW)
    assert first.task == second.task
    assert first.task.classes[3] == ("cat" if dataset == "cifar10" else "fine3")


def test_npz_pixels_survive_in_every_layout(tmp_path, archives):
    x, y = archives.arrays(2, 8, (6, 7, 3))
    seen = {}
    for layout, images in (("NHWC", x), ("NCHW", x.transpose(0, 3, 1, 2).copy())):
        np.savez(tmp_path / f"{layout}.npz", images=images, labels=y)
        data, _ = load(DataConfig(source=str(tmp_path / f"{layout}.npz"), valid_fraction=0.5), seed=0)
        seen[layout] = data.train.images_NCHW
        assert data.task.image_size == (6, 7)
    assert torch.equal(seen["NHWC"], seen["NCHW"])
    wanted = {image.transpose(2, 0, 1).tobytes() for image in x}
    assert all(image.numpy().tobytes() in wanted for image in seen["NHWC"])


def test_npz_gray_column_labels_names_and_unused_keys(tmp_path, archives):
    x, y = archives.arrays(2, 8, (6, 6))
    path = tmp_path / "g.npz"
    np.savez(path, train_images=x, train_labels=y[:, None], val_images=x, classes=np.array(["a", "b"]))
    with pytest.warns(UserWarning, match="val_images"):
        source = open_source(DataConfig(source=str(path)))
    assert source.task.in_channels == 1 and source.task.classes == ("a", "b")
    assert not source.has_test


def test_folder_of_mixed_sizes_needs_resolution(tmp_path, archives):
    archives.write_pictures(tmp_path / "d", size=(12, 20))
    archives.write_pictures(tmp_path / "d" / "class0" / "deeper", num_classes=1, size=(6, 6))
    with pytest.raises(DataError, match="set resolution"):
        open_source(DataConfig(source=str(tmp_path / "d")))
    check_source(open_source(DataConfig(source=str(tmp_path / "d"), resolution=8, valid_fraction=0.4)))


def test_folder_stays_gray_and_says_what_it_ignores(tmp_path, archives):
    from PIL import Image

    for k in range(2):
        for i in range(4):
            target = tmp_path / "d" / f"c{k}" / f"{i}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((5, 5), 40 * i + k, dtype=np.uint8)).save(target)
    (tmp_path / "d" / "c0" / "notes.txt").write_text("x")
    with pytest.warns(UserWarning, match=r"notes\.txt"):
        source = open_source(DataConfig(source=str(tmp_path / "d")))
    assert source.task.in_channels == 1


def test_folder_with_val_takes_it_for_test(tmp_path, archives):
    archives.write_pictures(tmp_path / "train")
    archives.write_pictures(tmp_path / "val", per_class=2, seed=1)
    source = open_source(DataConfig(source=str(tmp_path)))
    assert source.has_test and len(source.test_data().images) == 6
    archives.write_pictures(tmp_path / "test", per_class=3, seed=2)
    with pytest.warns(UserWarning, match="not used"):
        source = open_source(DataConfig(source=str(tmp_path)))
    assert len(source.test_data().images) == 9


@pytest.mark.parametrize("kind", ["folder", "stream"])
def test_folders_beside_train_that_are_not_used_are_told(kind, tmp_path, archives):
    archives.write_pictures(tmp_path / "train")
    archives.write_pictures(tmp_path / "validation", per_class=2, seed=1)
    (tmp_path / ".cache").mkdir()
    with pytest.warns(UserWarning, match=r"no test set is found \(test, val or valid\); not used: \S*/validation$"):
        source = open_source(DataConfig(source=f"{kind}:{tmp_path}", resolution=8))
    assert not source.has_test


@pytest.mark.parametrize("names", [("Train", "Test"), ("training", "testing"), ("train", "val")])
@pytest.mark.parametrize("kind", ["folder", "stream"])
def test_parts_of_the_data_are_no_classes(kind, names, tmp_path, archives):
    """Of ``train`` and ``val`` without folders for the classes neither."""
    for seed, name in enumerate(names):
        inside = tmp_path / name / ("" if name == "train" or name == "val" else "cats")
        archives.write_pictures(tmp_path / "made", num_classes=1, seed=seed)
        inside.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "made" / "class0").rename(inside)
    (tmp_path / "made").rmdir()
    with pytest.raises(DataError, match=r"which are no classes: name them train and test \(or val\)"):
        open_source(DataConfig(source=f"{kind}:{tmp_path}", resolution=8))


@pytest.mark.parametrize("kind", ["folder", "stream"])
def test_hidden_folders_hold_no_pictures(kind, tmp_path, archives):
    archives.write_pictures(tmp_path)
    for inside in (".ipynb_checkpoints", "deeper/.thumbnails/small"):
        archives.write_pictures(tmp_path / "class0" / inside, num_classes=1)
    data, _ = load(DataConfig(source=f"{kind}:{tmp_path}", resolution=8, valid_fraction=0.4), seed=0)
    counts = np.bincount(np.concatenate([data.train.classes(), data.valid.classes()]))
    assert counts.min() == counts.max()


def test_a_folder_of_hidden_pictures_alone_is_not_recognised(tmp_path, archives):
    archives.write_pictures(tmp_path / "class0" / ".thumbnails")
    assert not SOURCES.get("folder").detect(tmp_path)


def test_search_data_has_no_test_field():
    assert {f.name for f in fields(SearchData)} == {"train", "valid", "task", "objective"}


def test_test_set_is_not_read_before_it_is_opened(tmp_path, archives):
    path = archives.write_files(tmp_path / "d", archives.cifar_binary_files("cifar10"))
    data, held_out = load(DataConfig(source=str(path)), seed=0)
    (path / "test_batch.bin").write_bytes(b"damaged")
    assert len(data.train) > 0
    with pytest.raises(DataError, match="test_batch"):
        held_out.open()


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("no/such/place", DataError, "does not exist"),
        ("folder:no/such", DataError, "does not exist"),
        ("foldr:x", SettingError, "did you mean 'folder'"),
        ("npz", DataError, "npz:PATH"),
        ("x" * 5000, DataError, "existing path"),
        ("~nosuchuser_xyz/a", DataError, "exist"),
    ],
)
def test_bad_source_text(text, kind, message):
    with pytest.raises(kind, match=message):
        open_source(DataConfig(source=text))


def test_path_of_no_kind_lists_the_kinds(tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    with pytest.raises(DataError, match="jpeg_npz: JPEG bytes"):
        open_source(DataConfig(source=str(tmp_path / "x.txt")))


def test_sample_takes_no_path(tmp_path):
    with pytest.raises(DataError, match="takes no path"):
        open_source(DataConfig(source=f"sample:{tmp_path}"))


def test_undownloaded_cifar_says_how():
    with pytest.raises(DataError, match="--download"):
        open_source(DataConfig(source="cifar10"))


@pytest.mark.parametrize(
    "changed",
    [
        {"source": " "},
        {"valid_fraction": 0.0},
        {"valid_fraction": float("nan")},
        {"valid_fraction": 1},
        {"resolution": 0},
        {"resolution": True},
        {"max_train_images": 0},
    ],
)
def test_bad_settings(changed):
    with pytest.raises(SettingError):
        DataConfig(**changed)


def test_resolution_never_enlarges():
    with pytest.raises(DataError, match="only reduces"):
        open_source(DataConfig(resolution=33))


def test_class_too_small_for_a_split(tmp_path, archives):
    path = archives.npz(tmp_path / "d", y_train=np.array([0] * 11 + [1] * 12 + [2]))
    with pytest.raises(DataError, match="class 2 has 1"):
        split(open_source(DataConfig(source=str(path))), seed=0)
    with pytest.raises(BnaoError, match="max_train_images"):
        load(DataConfig(max_train_images=9), seed=0)


def test_catalog_and_config_import_no_torch():
    code = "import sys, bnao.data.catalog, bnao.data.config, bnao.data.download; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
