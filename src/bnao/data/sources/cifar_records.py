"""The two record formats of the CIFAR archives. Imports no torch.

Binary: one byte of label (CIFAR-10) or coarse and fine label (CIFAR-100), then 3 x 32 x 32 bytes. Python: a pickled
dictionary with ``data`` uint8 (N, 3072) and a list of labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.data.raw import check_labels
from bnao.data.unpickle import load_plain
from bnao.errors import DataError

_PIXELS = 3 * 32 * 32
Records = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Names of the files; ``label_bytes`` of a binary record, or else the key ``labels`` of the pickled dictionary."""

    train: tuple[str, ...]
    test: str
    label_bytes: int = 0
    labels: str = ""


def read_binary(content: bytes, label_bytes: int, num_classes: int, where: str) -> Records:
    """Images (N, 3, 32, 32) and labels (N,), the last label byte. Raises DataError if records are not whole."""
    record = label_bytes + _PIXELS
    if not content or len(content) % record:
        raise DataError(
            f"a binary CIFAR file is a whole number of records of {record} bytes; {where} has {len(content)} bytes: "
            "obtain it again"
        )
    table = np.frombuffer(content, dtype=np.uint8).reshape(-1, record)
    labels = check_labels(table[:, label_bytes - 1], num_classes, where)
    return table[:, label_bytes:].reshape(-1, 3, 32, 32), labels


def read_python(content: bytes, labels_key: str, num_classes: int, where: str) -> Records:
    """Images (N, 3, 32, 32) and labels (N,), without unpickling objects. Raises DataError if they are not so."""
    batch = load_plain(content, where)
    data, labels = batch.get("data"), batch.get(labels_key)
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.shape[1] != _PIXELS or len(data) == 0:
        got = data.shape if isinstance(data, np.ndarray) else type(data).__name__
        raise DataError(f"'data' of a CIFAR file is uint8 (N, {_PIXELS}); {where} has {got}: obtain it again")
    if not isinstance(labels, list) or len(labels) != len(data) or not all(type(n) is int for n in labels):
        raise DataError(f"{labels_key!r} of a CIFAR file is one number for each of {len(data)} images; {where} has not")
    wrong = next((n for n in labels if not 0 <= n < num_classes), None)
    if wrong is not None:
        raise DataError(f"labels are from 0 to {num_classes - 1}; {where} has {wrong}: obtain it again")
    return np.ascontiguousarray(data).reshape(-1, 3, 32, 32), np.array(labels, dtype=np.int64)
