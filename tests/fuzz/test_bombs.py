"""Inputs that claim or unpack to far more than they are: refused, in little memory and little time."""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import resource
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.fuzz.seeds import METADATA

from bnao.data import DataConfig
from bnao.data.catalog import SOURCES
from bnao.data.decode import decode, picture_form
from bnao.data.members import TarMembers
from bnao.data.unpickle import load_plain
from bnao.errors import BnaoError
from bnao.evaluation.tables import read_table
from bnao.rng import generator
from bnao.settings.toml_file import load_toml
from bnao.storage import load_state, load_weights
from bnao.storage.files import read_json
from bnao.storage.manifest import Manifest
from bnao.storage.pool_csv import read_known

ALLOWED = 400 * 2**20  # bytes of growth; each bomb would take gigabytes or more


def npy_header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def npz_that_lies(path: Path) -> None:
    """10^12 images in a hundred bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", npy_header((10**12, 32, 32, 3)))
        archive.writestr("y_train.npy", npy_header((10**12,), "<i8"))


def npz_with_a_false_size(path: Path) -> None:
    """The zip directory says the size that the header claims; the bytes are not there."""
    content = npy_header((10**6, 64, 64, 3)) + b"x" * 100
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", content)
        archive.writestr("y_train.npy", npy_header((2,), "<i8") + b"\0" * 16)
    size = struct.pack("<I", len(content))
    claimed = struct.pack("<I", 10**6 * 64 * 64 * 3 % 2**32)
    path.write_bytes(stream.getvalue().replace(size, claimed))


def read(kind: str) -> Callable[[Path], object]:
    def images(path: Path) -> object:
        source = SOURCES.get(kind).open(path, DataConfig(source=f"{kind}:{path}", cache=False))
        return source.search_data(generator(0, "x"))

    return images


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def png_text(path: Path) -> None:
    """A text chunk of 128 MB in half a megabyte."""
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(128)) + packer.flush()
    content = b"k\0\0" + packed
    chunk = struct.pack(">I", len(content)) + b"zTXt" + content + struct.pack(">I", zlib.crc32(b"zTXt" + content))
    whole = png(8, 8)
    path.write_bytes(whole[:33] + chunk + whole[33:])


def picture(path: Path) -> object:
    picture_form(path, None, path)
    return decode(path, 3, 8, ("PNG", "PPM", "BMP"), path)


def tar_header(kind: bytes, size: int, field: bytes | None = None) -> bytes:
    member = tarfile.TarInfo("data_batch_1")
    member.type = kind
    header = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = field or b"%011o\0" % size
    header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:512]))
    return bytes(header)


def tar_names(path: Path) -> None:
    """A header of long names of four gigabytes, packed into some hundred kilobytes."""
    packer = lzma.LZMACompressor(preset=0)
    with path.open("wb") as file:
        file.write(packer.compress(tar_header(tarfile.XHDTYPE, 2**32)))
        for _ in range(64):
            file.write(packer.compress(bytes(2**20)))
        file.write(packer.flush())


def tar_that_goes_back(path: Path) -> None:
    """A negative size leads from each header to itself (CVE-2025-8194)."""
    negative = b"\xff" + (256**11 - 512).to_bytes(11, "big")
    path.write_bytes(tar_header(tarfile.REGTYPE, 0) + tar_header(tarfile.REGTYPE, 0, negative) + bytes(2048))


def pickle_of_copies(path: Path) -> None:
    """One text of a megabyte, encoded a hundred thousand times by a hundred bytes each time."""
    text, once = b"x" * 2**20, b"h\x00h\x01h\x02\x86Ra"
    parts = [
        b"\x80\x02",
        b"c_codecs\nencode\nq\x00",
        b"X",
        struct.pack("<I", len(text)),
        text,
        b"q\x01",
        b"U\x06latin1q\x02",
    ]
    path.write_bytes(b"".join(parts) + b"]" + once * 10**5 + b".")


def packed_checkpoint(path: Path) -> None:
    """A checkpoint whose numbers are packed: torch would unpack them, a thousand bytes from one."""
    torch.save({"a": torch.zeros(2**20)}, path)
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members:
            archive.writestr(name, content if "/data/" not in name else bytes(2**26))


def wide_checkpoint(path: Path) -> None:
    """One number, shown as 10^13."""
    torch.save({"a": torch.zeros(1).expand(10**7, 10**6)}, path)


def weights_that_lie(path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 64)


def weights_of_a_long_header(path: Path) -> None:
    path.write_bytes((2**62).to_bytes(8, "little") + b"{" + json.dumps(METADATA).encode())


def deep(path: Path) -> None:
    path.write_bytes(b'{"format": "bnao-run", "version": 2, "config": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}")


def long_line(path: Path) -> None:
    """A line of 64 MB."""
    with path.open("wb") as file:
        file.write(b"architecture\n")
        for _ in range(64):
            file.write(b"0 " * 2**19)


def gzip_bomb(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(600):
            file.write(bytes(2**20))


def large_toml(path: Path) -> None:
    path.write_bytes(b"a = 1\n" + b"#" * 2**21)


BOMBS: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], object]]] = {
    "npz of 10^12 images": ("a.npz", npz_that_lies, read("npz")),
    "npz with a false size": ("a.npz", npz_with_a_false_size, read("npz")),
    "picture of 10^10 pixels": ("a.png", lambda path: path.write_bytes(png(10**5, 10**5)) and None, picture),
    "picture with a long text": ("a.png", png_text, picture),
    "picture in a line": ("a.ppm", lambda path: path.write_bytes(b"P6 999999999 1 255\n") and None, picture),
    "tar with names of 4 GB": ("a.tar.xz", tar_names, lambda path: TarMembers(path).names),
    "tar that goes back": ("a.tar", tar_that_goes_back, lambda path: TarMembers(path).names),
    "pickle of copies": ("a.pkl", pickle_of_copies, lambda path: load_plain(path.read_bytes(), path)),
    "packed checkpoint": ("a.pt", packed_checkpoint, load_state),
    "checkpoint of 10^13 numbers": ("a.pt", wide_checkpoint, load_state),
    "weights of 10^12 numbers": ("a.safetensors", weights_that_lie, load_weights),
    "weights with a header of 2^62 bytes": ("a.safetensors", weights_of_a_long_header, load_weights),
    "JSON of 300 levels": ("manifest.json", deep, lambda path: Manifest.read(path.parent)),
    "JSON of 100,000 levels": ("a.json", lambda path: path.write_bytes(b"[" * 10**5) and None, read_json),
    "TOML of 100,000 levels": ("a.toml", lambda path: path.write_bytes(b"a = " + b"[" * 10**5) and None, load_toml),
    "TOML of megabytes": ("a.toml", large_toml, load_toml),
    "CSV of one line": ("a.csv", long_line, read_known),
    "packed table": ("a.csv.gz", gzip_bomb, read_table),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_in_little_memory(kind: str, tmp_path: Path) -> None:
    name, write, reader = BOMBS[kind]
    path = tmp_path / name
    write(path)
    before = peak()
    with pytest.raises(BnaoError) as caught:
        reader(path)
    assert len(str(caught.value)) < 2000
    assert peak() - before < (2 * 2**30 if kind in ("packed table", "CSV of one line") else ALLOWED)
    assert csv.field_size_limit() < 2**20


def peak() -> int:
    """Most memory that this process has ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
