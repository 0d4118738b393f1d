"""The bundled sample: 10,000 training and 2,000 test images of CIFAR-10, as JPEG. Imports no torch.

Where it comes from: ``sample/README.md`` in this package, and ``scripts/make_sample.py``.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from bnao.data.base import DataSource
from bnao.data.config import DataConfig
from bnao.data.kind import SourceKind
from bnao.data.sources.jpeg_npz import open_jpeg_npz
from bnao.errors import DataError


def open_sample(path: Path | None, config: DataConfig) -> DataSource:
    """The bundled sample. Raises DataError if a path is given."""
    if path is not None:
        raise DataError(f"the sample comes with the package and takes no path; received {path}: write 'sample'")
    return open_jpeg_npz(Path(str(files("bnao.data").joinpath("sample"))), config)


KIND = SourceKind(
    summary="10,000 + 2,000 images of CIFAR-10 (JPEG) that come with the package; takes no path",
    detect=lambda path: False,
    open=open_sample,
    reads=(),
)
