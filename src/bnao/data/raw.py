"""What every shipped kind of source reads: labels at once, pixels on demand. Imports no torch.

Shapes: N images, M of them, H height, W width, C channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnao.errors import DataError


@dataclass(frozen=True, eq=False, kw_only=True)
class RawImages:
    """One labelled set of images of one size.

    ``labels_N`` int64; ``channels``; ``size`` (height, width); ``read(index_M)`` the pixels, uint8 (M, H, W, C);
    ``fingerprint()`` a hash of the encoded content where decoding is slow enough to cache, else None.
    """

    labels_N: NDArray[np.int64]
    channels: int
    size: tuple[int, int]
    read: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    fingerprint: Callable[[], str] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class RawSource:
    """A training set and perhaps a test set; each call of ``train`` or ``test`` reads its labels.

    ``where`` names the source in messages.
    """

    where: str
    channels: int
    size: tuple[int, int]
    num_classes: int
    classes: tuple[str, ...]
    train: Callable[[], RawImages]
    test: Callable[[], RawImages] | None


def check_labels(labels: NDArray[np.integer], num_classes: int, where: object) -> NDArray[np.int64]:
    """Labels as int64 (N,), each in [0, num_classes). Raises DataError naming the first that is not."""
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(wrong):
        k = int(wrong[0])
        raise DataError(
            f"labels of {num_classes} classes are from 0 to {num_classes - 1}; {where} has {labels[k]} at image {k}: "
            "mend the label or the list of classes"
        )
    return labels.astype(np.int64)


def count_classes(labels: NDArray[np.integer], classes: tuple[str, ...], where: object) -> int:
    """Number of classes: of names if there are any, else one more than the largest training label.

    Raises DataError if a label is out of range, or there are more classes than images.
    """
    num_classes = len(classes) or int(labels.max()) + 1
    check_labels(labels, max(num_classes, 1), where)
    if num_classes > len(labels):
        raise DataError(
            f"every class has training images; {where} has {num_classes} classes and {len(labels)} images: "
            "number the labels from 0 without gaps"
        )
    return num_classes


def check_every_class(labels_N: NDArray[np.int64], num_classes: int, where: object) -> None:
    """Raise DataError if a class has no training image, or there are fewer than two classes."""
    if num_classes < 2:
        raise DataError(f"a classification task has at least 2 classes; {where} has {num_classes}: add another")
    counts = np.bincount(labels_N, minlength=num_classes)
    if counts.min() == 0:
        raise DataError(
            f"every class has training images; {where} has none of class {int(counts.argmin())} (of {num_classes}): "
            "add some, or number the labels without gaps"
        )


def check_class_names(classes: tuple[str, ...], num_classes: int, where: object) -> None:
    """Raise DataError if names are given and are not one different name for each class."""
    if classes and (len(classes) != num_classes or len(set(classes)) != num_classes):
        raise DataError(
            f"class names are one different name for each of {num_classes} classes; {where} has {len(classes)} names, "
            f"{len(set(classes))} different: mend the list"
        )
