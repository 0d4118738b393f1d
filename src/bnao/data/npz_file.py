"""Reading .npz archives that may be damaged or hostile.

Never unpickles; every size that a header claims is checked against the archive before memory is taken.
Imports no torch.
"""

from __future__ import annotations

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, Any, final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bnao.data.limits import MAX_FILE_BYTES
from bnao.errors import DataError, brief

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    SyntaxError,
    EOFError,
    OSError,
    RuntimeError,  # among them RecursionError, NotImplementedError
    ValueError,
    TypeError,
    MemoryError,
    OverflowError,
)
_MAX_DEFLATE_RATIO = 1032


@final
class NpzFile:
    """An open .npz. A context manager; DataError if the file is missing or is no zip archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            there = "is a folder" if path.is_dir() else "does not exist"
            raise DataError(f"a .npz file is needed; {path} {there}: check the path")
        if path.stat().st_size == 0:
            raise DataError(f"a .npz file is a zip archive; {path} is empty (0 bytes): obtain it again")
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise DataError(f"a .npz file is a zip archive; {path} is not ({brief(error)}): obtain it again") from error
        self.names = tuple(name[:-4] for name in self._zip.namelist() if name.endswith(".npy"))

    def __enter__(self) -> NpzFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._zip.close()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of the array ``name``, from its header alone."""
        with self._open(name) as (_, shape, _):
            return shape

    def dtype(self, name: str) -> np.dtype[Any]:
        """Type of the array ``name``, from its header alone."""
        with self._open(name) as (_, _, dtype):
            return dtype

    def array(self, name: str, kind: Any, ndim: int) -> NDArray[Any]:
        """The array ``name`` of dtype (or abstract dtype, such as ``np.integer``) ``kind`` and ``ndim`` dimensions.

        Raises DataError if it is missing, of another form, damaged, or larger than the archive can hold.
        """
        with self._open(name) as (member, shape, dtype):
            if not np.issubdtype(dtype, kind) or dtype.kind == "m" or len(shape) != ndim:
                wanted = getattr(kind, "__name__", str(kind))
                raise DataError(
                    f"{name!r} is {wanted} with {ndim} dimension(s); {self.path} has {brief(dtype)} {brief(shape)}: "
                    "convert it"
                )
            out = np.empty(shape, dtype=dtype)
            flat = out.reshape(-1).view(np.uint8)
            try:
                done = 0
                while done < len(flat):
                    block = member.read(min(2**24, len(flat) - done))
                    if not block:
                        raise EOFError(f"ends after {done} of {len(flat)} bytes")
                    flat[done : done + len(block)] = np.frombuffer(block, dtype=np.uint8)
                    done += len(block)
                member.read(1)  # reaches the end, where the checksum is compared
            except _DAMAGED as error:
                raise DataError(
                    f"{name!r} in {self.path} must be whole; reading failed ({brief(error)}): obtain it again"
                ) from error
        return out

    def _open(self, name: str) -> _Member:
        if name not in self.names:
            raise DataError(
                f"{self.path} must have the key {name!r}; it has {brief(', '.join(self.names)) or 'none'}: add it"
            )
        return _Member(self._zip, f"{name}.npy", self.path)


class _Member:
    """One .npy inside the archive: (stream past the header, shape, dtype), sizes checked."""

    def __init__(self, archive: zipfile.ZipFile, name: str, path: Path) -> None:
        self._zip, self._name, self._path = archive, name, path
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> tuple[IO[bytes], tuple[int, ...], np.dtype[Any]]:
        try:
            info = self._zip.getinfo(self._name)
            self._stream = self._zip.open(info)
            version = npy.read_magic(self._stream)
            header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
            if header is None:
                raise ValueError(f".npy version {version} is unknown")
            shape, fortran, dtype = header(self._stream)
            self._check(info, shape, fortran, dtype, info.file_size - self._stream.tell())
        except _DAMAGED as error:
            self._close()
            raise DataError(
                f"{self._name} must be a plain array of a real size; in {self._path} it is not ({brief(error)}): "
                "write the file again with numpy.savez"
            ) from error
        return self._stream, shape, dtype

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    @staticmethod
    def _check(info: zipfile.ZipInfo, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any], rest: int) -> None:
        if dtype.hasobject:
            raise ValueError("it has Python objects, which could run code")
        if fortran and len(shape) > 1:
            raise ValueError("it is in Fortran order; use numpy.ascontiguousarray")
        if dtype.itemsize == 0 or any(n < 0 for n in shape):
            raise ValueError(f"it claims shape {shape} of {dtype}")
        num_bytes = math.prod(shape) * dtype.itemsize
        if num_bytes != rest:
            raise ValueError(f"its header claims {num_bytes} bytes and the archive {rest}")
        if num_bytes > MAX_FILE_BYTES:
            raise ValueError(f"it claims {num_bytes} bytes, more than {MAX_FILE_BYTES}")
        if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
            raise ValueError("it claims a size that the archive does not have")
        if info.compress_type == zipfile.ZIP_DEFLATED and info.file_size > _MAX_DEFLATE_RATIO * info.compress_size + 64:
            raise ValueError("it claims a size that the archive cannot hold")
