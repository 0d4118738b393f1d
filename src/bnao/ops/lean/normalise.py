"""Batch norm in training; of few channels in a form of our own, for there torch's works through memory slowly.

A tensor (B, C, h, w) in channels-last memory is seen as a matrix (R, K C) whose rows hold K pixels each, long enough
for vector instructions.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from bnao.ops.lean.when import is_bare

NARROW = 32
"""Most channels for which forms of our own may be faster than torch's, whose vectors span the channels of one pixel."""
VECTOR = 16
"""Channels that torch's vectors divide: of a multiple its batch norm is as fast as ours."""
PIXELS = 64
"""Largest K; K divides the number of pixels."""


def is_narrow(channels: int) -> bool:
    """Whether batch norm of so many channels is faster in our form."""
    return channels <= NARROW and channels % VECTOR != 0


class Statistics(NamedTuple):
    """Of each channel (C) over all pixels: mean, biased variance, and 1 / sqrt(variance + eps)."""

    mean: Tensor
    variance: Tensor
    inverse_std: Tensor


def _wide(x: Tensor) -> Tensor:
    """(B, C, h, w) in channels-last memory -> its view (R, K C)."""
    channels = x.shape[1]
    pixels = x.numel() // channels
    per_row = math.gcd(pixels, PIXELS)
    return x.permute(0, 2, 3, 1).reshape(pixels // per_row, per_row * channels)


def _repeated(vector_C: Tensor, wide: Tensor) -> Tensor:
    """(C) -> (K C)."""
    return vector_C.expand(wide.shape[1] // vector_C.numel(), -1).reshape(-1)


def normalise(y: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Statistics]:
    """``(y - mean) * inverse_std * weight + bias`` of ``y`` (B, C, h, w) in channels-last memory; the statistics."""
    if not is_narrow(y.shape[1]):
        out, mean, inverse_std = torch.native_batch_norm(y, weight, bias, None, None, True, 0.0, eps)
        return out, Statistics(mean, inverse_std.pow(-2).sub_(eps), inverse_std)
    found = _statistics(y, eps)
    scale = found.inverse_std * weight
    shift = torch.addcmul(bias, found.mean, scale, value=-1)
    wide, out = _wide(y), torch.empty_like(y)
    torch.addcmul(_repeated(shift, wide), wide, _repeated(scale, wide), out=_wide(out))
    return out, found


def _statistics(y: Tensor, eps: float) -> Statistics:
    """Those of each place in a row of the matrix, combined."""
    wide = _wide(y)
    means, variances = torch.batch_norm_update_stats(wide[:, :, None, None], None, None, 0.0)
    of_means, mean = torch.var_mean(means.view(-1, y.shape[1]), 0, correction=0)
    variance = variances.view(-1, y.shape[1]).mean(0).add_(of_means)
    return Statistics(mean, variance, (variance + eps).rsqrt_())


def normalise_backward(
    grad: Tensor, y: Tensor, weight: Tensor, mean: Tensor, inverse_std: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of ``y``, weight and bias; ``grad`` and ``y`` (B, C, h, w) in channels-last memory.

    With N pixels, s = weight * inverse_std and d = y - mean, that of ``y`` is
    s * (grad - sum(grad) / N - d * inverse_std**2 * sum(grad * d) / N).
    """
    channels, count = y.shape[1], y.numel() // y.shape[1]
    if not is_narrow(channels):
        return torch.ops.aten.native_batch_norm_backward(  # type: ignore[no-any-return]
            grad, y, weight, None, None, mean, inverse_std, True, eps, [True, True, True]
        )
    grads, values, out = _wide(grad), _wide(y), torch.empty_like(y)
    wide = _wide(out)
    products, sums = _sums(grads, values, _repeated(mean, wide), _repeated(inverse_std, wide), channels)
    scale = weight * inverse_std
    slope = scale * inverse_std * products / -count
    shift = torch.addcmul(scale * sums / -count, slope, mean, value=-1)
    torch.addcmul(_repeated(shift, wide), grads, _repeated(scale, wide), out=wide)
    wide.addcmul_(values, _repeated(slope, wide))
    return out, products, sums


def _sums(grads: Tensor, values: Tensor, means: Tensor, factors: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """Sums over R and K of ``grads * (values - means) * factors`` and ``grads`` (R, K C): of weight and bias (C).

    They are those of the batch norm of K C channels whose statistics are given, for which torch makes one pass.
    """
    _, products, sums = torch.ops.aten.native_batch_norm_backward(
        grads[:, :, None, None],
        values[:, :, None, None],
        None,
        None,
        None,
        means,
        factors,
        True,
        0.0,
        [False, True, True],
    )
    return products.view(-1, channels).sum(0), sums.view(-1, channels).sum(0)


def can_normalise(norm: nn.Module, dtype: torch.dtype) -> bool:
    """Whether ``norm`` is torch's batch norm, affine, in training, with running statistics of a momentum or none."""
    if not is_bare(norm, nn.BatchNorm2d):
        return False
    norm = cast(nn.BatchNorm2d, norm)
    affine = norm.weight is not None and norm.bias is not None
    return affine and norm.momentum is not None and norm.weight.dtype is dtype


def unbiased(found: Statistics, y: Tensor) -> Tensor:
    """The variance (C) as running statistics have it, of all pixels of ``y`` (B, C, h, w)."""
    count = y.numel() // y.shape[1]
    return found.variance * (count / (count - 1))


def track(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Move the running statistics, if there are some, towards those of a batch, as torch does; unbiased variance."""
    if norm.running_mean is not None:
        assert norm.running_var is not None and norm.num_batches_tracked is not None, "torch has all three or none"
        assert norm.momentum is not None, "checked before"
        norm.num_batches_tracked.add_(1)
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance, norm.momentum)
