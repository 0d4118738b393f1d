"""Drop-path and the progress of the training that its strength follows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bnao.ops.lean.when import has_hooks


class Progress:
    """Progress of a training in [0, 1]: one scalar, shared by all drop-paths of a network, set by the training loop."""

    def __init__(self) -> None:
        self.value = 0.0


class DropPath(nn.Module):
    """Zeroes an operation's output for whole images at random, and rescales the rest (METHOD, drop-path).

    keep = 1 - progress * (layer / layers) * (1 - keep_at_end), with layer from 1. Off in eval mode.
    """

    def __init__(self, *, keep_at_end: float, layer: int, layers: int, progress: Progress) -> None:
        super().__init__()
        self.strength = (1.0 - keep_at_end) * layer / layers
        self.progress = progress

    def keep(self) -> float:
        """The probability, now, that an image keeps the operation's output."""
        return 1.0 - self.progress.value * self.strength

    def forward(self, x: Tensor) -> Tensor:
        """(B, c, h, w) -> the same shape; draws from torch's global generator, which the loop seeds for each step."""
        scale = self._scale(x)
        return x if scale is None else x * scale

    def add(self, total: Tensor, x: Tensor) -> Tensor:
        """``total + self(x)`` in one pass through memory, where nobody watches."""
        if has_hooks(self):
            return total + self(x)  # type: ignore[no-any-return]
        scale = self._scale(x)
        return total + x if scale is None else torch.addcmul(total, x, scale)

    def _scale(self, x: Tensor) -> Tensor | None:
        """What each image is multiplied with (B, 1, 1, 1); None where all are kept."""
        keep = self.keep()
        if not self.training or keep >= 1.0:
            return None
        mask = torch.rand((x.shape[0], 1, 1, 1), device=x.device, dtype=x.dtype) < keep
        return mask.to(x.dtype) / keep
