"""Random colours of a batch.

Shapes: B images, C channels, H height, W width.
"""

from __future__ import annotations

import torch
from torch import Tensor

_GRAY = (0.299, 0.587, 0.114)  # ITU-R 601


def jitter(images_BCHW: Tensor, strength: float) -> Tensor:
    """Brightness, contrast and saturation, each times a factor drawn for each image from [1 - strength, 1 + strength].

    ``images_BCHW``: pixels in [0, 1], clipped to it after each change. Contrast is blending with the image's mean gray,
    saturation with the image in gray (of 3 channels alone). The order of the three is drawn for the batch. (Deviation:
    torchvision draws it for each image.) Drawn from torch's global generator of the CPU, whatever the device.

    >>> jitter(torch.full((2, 3, 4, 4), 0.5), 0.4).shape
    torch.Size([2, 3, 4, 4])
    """
    order = torch.randperm(3).tolist()
    factors_3B = 1.0 + strength * (2.0 * torch.rand(3, len(images_BCHW)) - 1.0)
    out = images_BCHW
    for which in order:
        factor = factors_3B[which].to(out.device).view(-1, 1, 1, 1)
        if which == 0:
            out = out * factor
        elif which == 1:
            mean = _gray(out).mean((1, 2, 3), keepdim=True)
            out = mean + (out - mean) * factor
        elif out.shape[1] == 3:
            gray = _gray(out)
            out = gray + (out - gray) * factor
        out = out.clamp(0.0, 1.0)
    return out


def _gray(images_BCHW: Tensor) -> Tensor:
    if images_BCHW.shape[1] != 3:
        return images_BCHW.mean(1, keepdim=True)
    weights = torch.tensor(_GRAY, device=images_BCHW.device, dtype=images_BCHW.dtype)
    return (images_BCHW * weights.view(1, 3, 1, 1)).sum(1, keepdim=True)
