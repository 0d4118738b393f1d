"""Images as uint8 on one device, normalised by the batch.

Shapes: N images, C channels, H height, W width, B batch, K classes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnao.data.config import AugmentConfig
from bnao.data.examples import refuse_augmentation
from bnao.data.jitter import jitter
from bnao.data.pictures import Pictures
from bnao.errors import DataError


def channel_statistics(images_NCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, over all pixels, in units of [0, 1].

    Computed from exact counts of the 256 values, so the result depends neither on threads nor on device. A constant
    channel gets the deviation 1/255. Returns two float32 tensors (C,) on the images' device. Raises DataError if there
    is no pixel.
    """
    if images_NCHW.numel() == 0:
        raise DataError("statistics need at least one image; received none: add training images")
    levels = torch.arange(256, dtype=torch.float64) / 255
    means, stds = [], []
    for c in range(images_NCHW.shape[1]):
        counts = torch.zeros(256, dtype=torch.float64)
        for chunk in torch.split(images_NCHW[:, c], 8192):
            counts += torch.bincount(chunk.reshape(-1), minlength=256).cpu()
        share = counts / counts.sum()
        mean = (share * levels).sum()
        means.append(mean)
        stds.append((share * (levels - mean) ** 2).sum().sqrt().clamp(min=1 / 255))
    device = images_NCHW.device
    return torch.stack(means).float().to(device), torch.stack(stds).float().to(device)


@dataclass(frozen=True, eq=False, kw_only=True)
class Images(Pictures):
    """Labelled images of one size.

    ``images_NCHW`` uint8, ``labels_N`` int64 in [0, K), ``mean_C`` and ``std_C`` float32 in units of [0, 1], all on one
    device. ``color_jitter``: random colours of each batch (:mod:`bnao.data.jitter`), 0 for none. Raises DataError if
    shapes or types disagree.

    >>> x = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    >>> data = Images(images_NCHW=x, labels_N=torch.tensor([0, 1]), mean_C=torch.zeros(3), std_C=torch.ones(3))
    >>> len(data), data.batch(torch.tensor([1]))[0].shape
    (2, torch.Size([1, 3, 4, 4]))
    """

    images_NCHW: Tensor
    labels_N: Tensor
    mean_C: Tensor
    std_C: Tensor
    color_jitter: float = 0.0

    def __post_init__(self) -> None:
        x, y = self.images_NCHW, self.labels_N
        if x.dtype != torch.uint8 or x.ndim != 4:
            raise DataError(f"images are uint8 (N, C, H, W); received {x.dtype} {tuple(x.shape)}: convert them")
        if y.dtype != torch.int64 or y.shape != x.shape[:1]:
            raise DataError(f"labels are int64 ({x.shape[0]},); received {y.dtype} {tuple(y.shape)}: one per image")
        for name, stat in (("mean_C", self.mean_C), ("std_C", self.std_C)):
            if stat.shape != x.shape[1:2] or not stat.is_floating_point():
                raise DataError(f"{name} is float ({x.shape[1]},); received {stat.dtype} {tuple(stat.shape)}")

    def __len__(self) -> int:
        return int(self.images_NCHW.shape[0])

    @property
    def device(self) -> torch.device:
        """Where the images are."""
        return self.images_NCHW.device

    def to(self, device: torch.device | str) -> Images:
        """The same images on ``device``."""
        return replace(
            self,
            images_NCHW=self.images_NCHW.to(device),
            labels_N=self.labels_N.to(device),
            mean_C=self.mean_C.to(device),
            std_C=self.std_C.to(device),
        )

    def take(self, index_B: Tensor) -> Images:
        """The images at ``index_B`` (int64), still uint8."""
        index = index_B.to(self.device)
        return replace(self, images_NCHW=self.images_NCHW[index], labels_N=self.labels_N[index])

    def joined(self, other: Images) -> Images:
        """Both sets of images, normalised as this one is."""
        return replace(
            self,
            images_NCHW=torch.cat([self.images_NCHW, other.images_NCHW]),
            labels_N=torch.cat([self.labels_N, other.labels_N]),
        )

    def classes(self) -> NDArray[np.int64]:
        """The labels."""
        return np.asarray(self.labels_N.cpu().numpy())

    def fingerprint(self) -> str:
        """SHA-256 of all images and labels."""
        digest = hashlib.sha256()
        for tensor in (self.images_NCHW, self.labels_N):
            digest.update(repr(tuple(tensor.shape)).encode())
            digest.update(tensor.cpu().contiguous().numpy().data)
        return digest.hexdigest()

    def with_statistics(self, mean_C: Tensor, std_C: Tensor) -> Images:
        """The same images, normalised by other statistics."""
        return replace(self, mean_C=mean_C.to(self.device), std_C=std_C.to(self.device))

    def statistics(self) -> tuple[Tensor, Tensor]:
        """:func:`channel_statistics` of all images."""
        return channel_statistics(self.images_NCHW)

    def augmented(self, augment: AugmentConfig) -> Images:
        """With random colours where ``augment`` asks for them."""
        refuse_augmentation(augment, "these images are in memory, at one size", jitter=False)
        return replace(self, color_jitter=augment.color_jitter)

    def batch(self, index_B: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Normalised float32 images (B, C, H, W), ``(x / 255 - mean) / std``, and labels (B,), on the images' device.

        ``index_B``: int64 indices on any device, or a slice.
        """
        index = index_B if isinstance(index_B, slice) else index_B.to(self.device)
        pixels = self.images_NCHW[index].to(torch.float32)
        if self.color_jitter:
            pixels = jitter(pixels / 255, self.color_jitter) * 255
        scale = (self.std_C * 255).view(-1, 1, 1)
        return pixels.sub_((self.mean_C * 255).view(-1, 1, 1)).div_(scale), self.labels_N[index]
