"""Damaged and hostile files give a DataError that names the file and what to do, and nothing runs."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bnao.data import DataConfig, load
from bnao.data.npz_file import NpzFile
from bnao.data.unpickle import load_plain
from bnao.errors import DataError


class Malicious:
    def __reduce__(self):
        return os.system, ("touch /tmp/bnao_pickle_ran",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"data": Malicious()}, protocol=2), "system"),
        (pickle.dumps({"data": Malicious()}, protocol=4), "system"),
        (pickle.dumps({"data": print}), "print"),
        (b"\x80\x02cnumpy.core.multiarray\nscalar\n.", "scalar"),
        (b"\x80\x02cnumpy\nndarray\n(K\x01tR.", "ndarray"),
        (b"\x80\x02ctypes\nFunctionType\n.", "FunctionType"),
        (b"\x80\x02c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00hextR.", "encoding"),
        (b"(S'touch'\nios\nsystem\n.", "INST"),
        (b"\x80\x02}r\xff\xff\xff\x7f.", "LONG_BINPUT"),
        (b"\x80\x02P1\n.", "PERSID"),
        (b"\x80\x02]\x94.", "not a dictionary"),
        (b"", "whole"),
        (b"\x80\x02}(U\x04da", "whole"),
        (b"not a pickle", "pickle"),
        (pickle.dumps({"data": np.zeros(3)}, protocol=2), "uint8"),
        (pickle.dumps({"data": np.array([None])}, protocol=2), "uint8"),
    ],
)
def test_pickle_is_refused(content, message):
    with pytest.raises(DataError, match=message):
        load_plain(content, "evil")
    assert not os.path.exists("/tmp/bnao_pickle_ran")


def test_pickle_with_a_false_shape_is_refused(archives):
    good = archives.python2_pickle(b"labels", np.zeros((2, 3072), np.uint8), [0, 1])
    assert load_plain(good, "x")["data"].shape == (2, 3072)
    bad = good.replace(b"J\x02\x00\x00\x00J\x00\x0c", b"J\xff\xff\xff\x7fJ\x00\x0c")
    assert bad != good
    with pytest.raises(DataError, match="another number of bytes"):
        load_plain(bad, "x")


def test_what_a_file_says_is_cut_and_printable_in_messages(tmp_path):
    """Found by fuzzing: zipfile quotes the whole rest of the file where a name's length is wrong."""
    path = tmp_path / "a.npz"
    np.savez(path, images=np.zeros((40, 5, 5, 3), np.uint8), labels=np.zeros(40, int))
    content = path.read_bytes()
    path.write_bytes(content[:26] + struct.pack("<H", 2000) + content[28:])  # length of the first name, in its header
    with pytest.raises(DataError, match="real size") as caught:
        load(DataConfig(source=f"npz:{path}"), 0)
    assert "File name in directory" in str(caught.value) and len(str(caught.value)) < 500 + len(str(path))
    np.savez(path, **{f"\x1b[31m{'k' * 5000}": np.zeros(1)})
    with pytest.raises(DataError, match="rename them") as caught:
        load(DataConfig(source=f"npz:{path}"), 0)
    assert len(str(caught.value)) < 500 + len(str(path)) and str(caught.value).isprintable()
    np.savez(path, images=np.zeros((1,) * 60, np.uint8), labels=np.zeros(1, [("n" * 4000, int)]))
    for source in ("npz", "jpeg_npz"):
        with pytest.raises(DataError) as caught:
            load(DataConfig(source=f"{source}:{path}"), 0)
        assert len(str(caught.value)) < 500 + len(str(path))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_random_pickles_give_only_data_errors(content):
    with contextlib.suppress(DataError):
        load_plain(b"\x80\x02" + content, "random")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_pickle_with_one_byte_changed_reads_or_gives_a_data_error(archives, place, value):
    content = bytearray(archives.python2_pickle(b"labels", np.zeros((1, 8), np.uint8), [0]))
    content[place % len(content)] = value
    with contextlib.suppress(DataError):
        load_plain(bytes(content), "changed")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_npz_with_one_byte_changed_reads_or_gives_a_data_error(tmp_path, place, value):
    stream = io.BytesIO()
    np.savez_compressed(stream, images=np.arange(48, dtype=np.uint8).reshape(4, 4, 3), labels=np.arange(4))
    content = bytearray(stream.getvalue())
    content[place % len(content)] = value
    path = tmp_path / "a.npz"
    path.write_bytes(bytes(content))
    with contextlib.suppress(DataError), NpzFile(path) as file:
        file.array("images", np.uint8, 3)
        file.array("labels", np.integer, 1)


def _claiming(path, descr="|u1", shape=(2**40,), content=b"\0" * 64):
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", npy)
    return path


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, "header claims"),
        ({"shape": (-1,)}, "claims shape"),
        ({"descr": "|O", "shape": (8,)}, "objects"),
        ({"descr": "|V0", "shape": (8,)}, "claims shape"),
        ({"descr": "m8[s]", "shape": (8,)}, "convert"),
        ({"descr": "no", "shape": (8,)}, "plain array"),
    ],
)
def test_npz_header_that_lies(tmp_path, changed, message):
    with NpzFile(_claiming(tmp_path / "a.npz", **changed)) as file, pytest.raises(DataError, match=message):
        file.array("images", np.integer, 1)


def _open(path):
    data, held_out = load(DataConfig(source=str(path), cache=False), seed=0)
    held_out.open()
    return data


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_train": np.zeros((24, 10, 14, 3), np.float32)}, "astype"),
        ({"x_train": np.zeros((24, 10, 14, 5), np.uint8)}, "layout"),
        ({"x_train": np.zeros((24, 3, 14, 3), np.uint8)}, "two axes"),
        ({"x_train": np.zeros((24, 14), np.uint8)}, "reshape"),
        ({"x_train": np.zeros((0, 10, 14, 3), np.uint8), "y_train": np.zeros(0, int)}, "none empty"),
        ({"x_train": np.array([None] * 24)}, "objects"),
        ({"x_test": np.zeros((6, 9, 9, 3), np.uint8)}, "one shape"),
        ({"y_train": np.zeros(23, int)}, "one label for each"),
        ({"y_train": np.zeros(24)}, "integer"),
        ({"y_train": np.full(24, -1)}, "-1"),
        ({"y_train": np.arange(24) * 2**50}, "without gaps"),
        ({"y_train": np.zeros(24, int), "x_test": np.zeros((0, 10, 14, 3), np.uint8)}, "empty|at least 2|None|none"),
        ({"y_train": np.where(np.arange(24) % 3 == 1, 0, np.arange(24) % 3)}, "class 1"),
        ({"y_test": np.full(6, 3)}, "from 0 to 2"),
        ({"classes": np.array(["a", "a", "b"])}, "different name"),
        ({"classes": np.array(["a", "b"])}, "from 0 to 1"),
        ({"layout": np.array("HWCN")}, "NHWC"),
    ],
)
def test_bad_npz(tmp_path, archives, changed, message):
    with pytest.raises(DataError, match=message):
        _open(archives.npz(tmp_path / "d", **changed))


@pytest.mark.parametrize("keep", [10, 200, 0.5, 0.99])
def test_truncated_npz(tmp_path, archives, keep):
    path = archives.npz(tmp_path / "d")
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    with pytest.raises(DataError, match="obtain it again"):
        _open(f"npz:{path}")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"offsets": np.arange(24)}, "one more than labels"),
        ({"offsets": np.arange(25)[::-1].copy()}, "ascend"),
        ({"offsets": np.zeros(25, np.uint64)}, "ascend"),
        ({"offsets": np.arange(25) * 10**9}, "ascend"),
        ({"offsets": np.arange(25) * 10}, "picture"),
        ({"labels": np.full(24, 9)}, "from 0 to 2"),
        ({"labels": None}, "key 'labels'"),
        ({"jpeg": np.zeros(10, np.int64)}, "ascend|uint8"),
        ({"jpeg": np.zeros(90000, np.uint8)}, "picture"),
        ({"classes": np.array([None, 1, 2], dtype=object)}, "objects"),
    ],
)
def test_bad_jpeg_npz(tmp_path, archives, changed, message):
    path = archives.write_jpeg_npz(tmp_path / "x_train.npz", *archives.arrays(3, 8, (16, 16, 3)), **changed)
    with pytest.raises(DataError, match=message):
        _open(f"jpeg_npz:{path}")


def test_jpeg_npz_of_two_sizes(tmp_path, archives):
    images = [np.zeros((16, 16, 3), np.uint8)] * 23 + [np.zeros((8, 8, 3), np.uint8)]
    path = archives.write_jpeg_npz(tmp_path / "x_train.npz", images, np.arange(24) % 3)
    with pytest.raises(DataError, match="image 23"):
        _open(path)


def test_jpeg_test_file_alone_is_refused(tmp_path, archives):
    path = archives.write_jpeg_npz(tmp_path / "x_test.npz", *archives.arrays(3, 8, (16, 16, 3)))
    with pytest.raises(DataError, match="training file"):
        _open(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data_batch_3.bin", b"\0" * 3072, "records of 3073"),
        ("data_batch_3.bin", b"", "records of 3073"),
        ("data_batch_3.bin", b"\x0a" + b"\0" * 3072, "from 0 to 9"),
        ("test_batch.bin", None, "lacks test_batch.bin"),
        ("data_batch_5.bin", None, "lacks data_batch_5.bin"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_bad_binary_cifar(tmp_path, archives, name, content, message, packed):
    files = archives.cifar_binary_files("cifar10") | {name: content}
    files = {k: v for k, v in files.items() if v is not None}
    path = archives.write_tar(tmp_path / "c.tar.gz", files) if packed else archives.write_files(tmp_path / "c", files)
    with pytest.raises(DataError, match=message):
        _open(path)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"data": np.zeros((2, 3071), np.uint8), "labels": [0, 1]}, "3072"),
        ({"data": [1, 2], "labels": [0, 1]}, "3072"),
        ({"labels": [0, 1]}, "3072"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0]}, "one number for each"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0, b"1"]}, "one number for each"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0, 10]}, "from 0 to 9"),
    ],
)
def test_bad_python_cifar(tmp_path, archives, batch, message):
    files = archives.cifar_python_files("cifar10") | {"data_batch_2": pickle.dumps(batch, protocol=2)}
    with pytest.raises(DataError, match=message):
        _open(archives.write_files(tmp_path / "c", files))


def test_python3_pickle_in_fortran_order_is_read(tmp_path, archives):
    data = np.asfortranarray(archives.arrays(2, 1, (3072,))[0])
    content = pickle.dumps({"data": data, "labels": [0, 1]}, protocol=2)
    assert np.array_equal(load_plain(content, "x")["data"], data)


def test_truncated_tar(tmp_path, archives):
    path = archives.write_tar(tmp_path / "c.tar.gz", archives.cifar_binary_files("cifar10"))
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DataError, match="whole tar file"):
        _open(path)
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="whole tar file"):
        _open(f"cifar10:{path}")


def test_tar_links_and_outside_names_reach_nothing(tmp_path, archives):
    files = archives.cifar_binary_files("cifar10")
    (tmp_path / "secret").write_bytes(files.pop("data_batch_1.bin"))
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("data_batch_1.bin")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        archive.addfile(link)
        for name, content in files.items():
            info = tarfile.TarInfo(f"../../{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    before = sorted(p.name for p in tmp_path.parent.iterdir())
    with pytest.raises(DataError, match=r"lacks data_batch_1|has the files"):
        _open(f"cifar10:{tmp_path / 'c.tar.gz'}")
    assert sorted(p.name for p in tmp_path.parent.iterdir()) == before


def test_bad_folders(tmp_path, archives):
    folder = archives.write_pictures(tmp_path / "d")
    (folder / "class1" / "bad.png").write_bytes(b"\x89PNG nonsense")
    with pytest.raises(DataError, match=r"bad\.png"):
        _open(folder)
    (folder / "class1" / "bad.png").unlink()
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match="every class has pictures"):
        _open(folder)
    (folder / "empty").rmdir()
    archives.write_pictures(tmp_path / "e" / "train", num_classes=2)
    archives.write_pictures(tmp_path / "e" / "test", num_classes=3)
    with pytest.raises(DataError, match="class2"):
        _open(tmp_path / "e")


def test_truncated_and_wide_pictures(tmp_path, archives):
    folder = archives.write_pictures(tmp_path / "d")
    some = folder / "class1" / "1.png"
    good = some.read_bytes()
    some.write_bytes(good[: len(good) // 2])
    with pytest.raises(DataError, match=r"1\.png"):
        _open(folder)
    Image.fromarray(np.zeros((12, 12), np.uint16)).save(some)
    with pytest.raises(DataError, match="8 bits"):
        _open(folder)


def test_picture_that_claims_too_many_pixels(tmp_path, archives):
    folder = archives.write_pictures(tmp_path / "d")
    some = folder / "class1" / "1.png"
    content = bytearray(some.read_bytes())
    content[16:24] = struct.pack(">II", 9000, 9000)  # in the header chunk, whose checksum follows
    import zlib

    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    some.write_bytes(bytes(content))
    with pytest.raises(DataError, match="claims 9000x9000"):
        _open(folder)
