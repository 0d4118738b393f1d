"""Batch norm in few passes over memory: sums by products with a vector of ones, no pass for what can be folded.

A tensor (B, C, h, w) in channels-last memory is seen as a matrix (R, K C) whose rows hold K pixels each: long enough for
vector instructions, and sums over R are short enough to be accurate.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

PIXELS = 64
"""Largest K; K divides the number of pixels."""


class Statistics(NamedTuple):
    """Of each channel (C): mean, biased variance, and 1 / sqrt(variance + eps)."""

    mean: Tensor
    variance: Tensor
    inverse_std: Tensor


def channels_last(x: Tensor) -> Tensor:
    """``x`` (B, C, h, w) in dense channels-last memory, copied if it is not."""
    return x.contiguous(memory_format=torch.channels_last)


def _wide(x: Tensor) -> Tensor:
    """(B, C, h, w) in channels-last memory -> its view (R, K C)."""
    channels = x.shape[1]
    pixels = x.numel() // channels
    per_row = math.gcd(pixels, PIXELS)
    return x.permute(0, 2, 3, 1).reshape(pixels // per_row, per_row * channels)


def _repeated(vector_C: Tensor, wide: Tensor) -> Tensor:
    return vector_C.expand(wide.shape[1] // vector_C.numel(), -1).reshape(-1)


def _sums(wide: Tensor, channels: int) -> Tensor:
    """Sums over all pixels: (C)."""
    return (wide.new_ones(1, wide.shape[0]) @ wide).view(-1, channels).sum(0)


def normalise_(y: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Statistics]:
    """``(y - mean) / sqrt(variance + eps) * weight + bias``; ``y`` (B, C, h, w) is replaced by ``y - mean``."""
    channels, count = y.shape[1], y.numel() // y.shape[1]
    wide = _wide(y)
    mean = _sums(wide, channels) / count
    wide.sub_(_repeated(mean, wide))
    variance = _sums(wide * wide, channels) / count
    inverse_std = (variance + eps).rsqrt_()
    out = torch.empty_like(y)
    torch.addcmul(_repeated(bias, wide), wide, _repeated(inverse_std * weight, wide), out=_wide(out))
    return out, Statistics(mean, variance, inverse_std)


def normalise_backward(
    grad: Tensor, centred: Tensor, weight: Tensor, inverse_std: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of input, weight and bias. ``centred`` is what :func:`normalise_` left in its input.

    With N pixels and s = weight * inverse_std: s * (grad - sum(grad) / N - centred * inverse_std² sum(grad centred) / N).
    """
    channels, count = grad.shape[1], grad.numel() // grad.shape[1]
    grads, values = _wide(grad), _wide(centred)
    sums = _sums(grads, channels)
    products = _sums(grads * values, channels)
    scale = weight * inverse_std
    out = torch.empty_like(grad)
    wide = _wide(out)
    torch.addcmul(_repeated(-scale * sums / count, wide), grads, _repeated(scale, wide), out=wide)
    wide.addcmul_(values, _repeated(-scale * inverse_std.square() * products / count, wide))
    return out, products * inverse_std, sums
