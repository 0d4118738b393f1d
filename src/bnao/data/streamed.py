"""Pictures that stay on disk: each batch is decoded when it is needed, by worker processes ahead of the training.

Shapes: N pictures, B batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnao.data.ahead import NO_DRAW, Ahead, Decoder, Request
from bnao.data.config import AugmentConfig
from bnao.data.crops import CENTRAL
from bnao.data.examples import Planned
from bnao.data.images import channel_statistics
from bnao.data.jitter import jitter
from bnao.data.pictures import Pictures
from bnao.errors import DataError

STATISTICS_OF = 1024
"""Pictures, evenly spread, whose central squares the normalisation is measured on."""
_MOST_DRAWS = 2**62


@dataclass(frozen=True, eq=False, kw_only=True)
class StreamedImages(Pictures):
    """The files ``rows_N`` of ``decoder``, with their labels; batches go to ``on_device``.

    A batch shows each picture's central square; in training, where ``augment`` asks for it, a random part, which is
    named by a number drawn from torch's global generator: a batch is a function of its index and of that generator,
    whoever decodes it. ``workers``: processes that may decode ahead.
    """

    decoder: Decoder
    rows_N: NDArray[np.int64]
    labels_N: Tensor
    mean_C: Tensor
    std_C: Tensor
    workers: int = 0
    on_device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    augment: AugmentConfig | None = None
    next_batches: Ahead | None = None

    def __len__(self) -> int:
        return len(self.rows_N)

    @property
    def device(self) -> torch.device:
        """Where batches go."""
        return self.on_device

    @property
    def central_share(self) -> float:
        """224/256."""
        return CENTRAL

    def to(self, device: torch.device | str) -> StreamedImages:
        """Batches on ``device``; the pictures stay where they are."""
        target = torch.device(device)
        return replace(
            self,
            labels_N=self.labels_N.to(target),
            mean_C=self.mean_C.to(target),
            std_C=self.std_C.to(target),
            on_device=target,
        )

    def take(self, index_B: Tensor) -> StreamedImages:
        """The pictures at ``index_B`` (int64)."""
        index = index_B.cpu()
        return replace(
            self, rows_N=self.rows_N[index.numpy()], labels_N=self.labels_N[index.to(self.on_device)], next_batches=None
        )

    def joined(self, other: StreamedImages) -> StreamedImages:
        """Both, of the same files, normalised as these are."""
        if (self.decoder.root, self.decoder.side) != (other.decoder.root, other.decoder.side):
            raise DataError(f"parts of one source are joined; received {self.decoder.root} and {other.decoder.root}")
        return replace(
            self,
            rows_N=np.concatenate([self.rows_N, other.rows_N]),
            labels_N=torch.cat([self.labels_N, other.labels_N]),
            next_batches=None,
        )

    def classes(self) -> NDArray[np.int64]:
        """The labels."""
        return np.asarray(self.labels_N.cpu().numpy())

    def with_statistics(self, mean_C: Tensor, std_C: Tensor) -> StreamedImages:
        """The same pictures, normalised by other statistics."""
        return replace(self, mean_C=mean_C.to(self.on_device), std_C=std_C.to(self.on_device))

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Those of :data:`STATISTICS_OF` pictures, evenly spread over all. (Deviation: ImageNet's usual constants are
        of all its training pictures, and differ from these by sampling.)"""
        picked = np.unique(np.linspace(0, len(self) - 1, min(STATISTICS_OF, len(self))).astype(np.int64))
        return channel_statistics(torch.from_numpy(self.decoder.pixels(Request(self.rows_N[picked], NO_DRAW))))

    def fingerprint(self) -> str:
        """SHA-256 of names, sizes in bytes and labels: pictures are too many to be read for it."""
        digest = hashlib.sha256(repr(self.decoder.side).encode())
        for row, label in zip(self.rows_N.tolist(), self.labels_N.tolist(), strict=True):
            name = self.decoder.names[row]
            try:
                size = (self.decoder.root / name).stat().st_size
            except OSError as error:
                raise DataError(f"a picture must be readable; {self.decoder.root / name} is not ({error})") from error
            digest.update(f"{name}\0{size}\0{label}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def augmented(self, augment: AugmentConfig) -> StreamedImages:
        """As a training sees them."""
        return replace(self, augment=augment, next_batches=None)

    def ahead(self, planned: Iterable[Planned]) -> StreamedImages:
        """The same pictures, the planned batches decoded by the workers; a copy is for one pass over the plan."""
        requests = (
            self._request(index, torch.Generator().manual_seed(seed) if self._cuts else None) for index, seed in planned
        )
        return replace(self, next_batches=Ahead(self.decoder, requests, self.workers))

    @property
    def _cuts(self) -> bool:
        return self.augment is not None and self.augment.resized_crop

    def _request(self, index_B: Tensor | slice, generator: torch.Generator | None) -> Request:
        """``generator``: None for torch's global one."""
        rows = self.rows_N[index_B if isinstance(index_B, slice) else index_B.cpu().numpy()]
        draw = int(torch.randint(_MOST_DRAWS, (1,), generator=generator)) if self._cuts else NO_DRAW
        return Request(rows, draw)

    def batch(self, index_B: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Normalised float32 images (B, 3, side, side) and labels (B,), on the device. Raises DataError, RunError."""
        request = self._request(index_B, None)
        ahead = self.next_batches
        raw = torch.from_numpy(self.decoder.pixels(request)) if ahead is None else ahead.take(request)
        pixels = raw.to(self.on_device).to(torch.float32)
        if self.augment is not None and self.augment.color_jitter:
            pixels = jitter(pixels / 255, self.augment.color_jitter) * 255
        scale = (self.std_C * 255).view(-1, 1, 1)
        index = index_B if isinstance(index_B, slice) else index_B.to(self.on_device)
        return pixels.sub_((self.mean_C * 255).view(-1, 1, 1)).div_(scale), self.labels_N[index]
