"""(ReLU,) one or two convolutions and batch norm as one operation: fewer tensors are kept, and fewer passes made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bnao.ops.lean.convolve import (
    Geometry,
    convolve,
    depthwise_input_gradient,
    depthwise_weight_gradient,
    is_depthwise,
    plain_gradients,
)
from bnao.ops.lean.normalise import channels_last, normalise_, normalise_backward
from bnao.ops.lean.when import applies, is_bare


@dataclass(frozen=True)
class Unit:
    """What is done, but for the weights: whether the input is rectified, how each convolution moves, batch norm's eps."""

    rectify: bool
    geometries: tuple[Geometry, ...]
    eps: float


class ConvNorm(torch.autograd.Function):
    """``batch_norm(conv(...(relu(x))))``, and the statistics of the batch: mean and biased variance (C).

    Kept for the backward pass: the input as it came (rectified again there), what the second convolution sees, and the
    centred input of the batch norm. It can be differentiated once.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, unit: Unit, x: Tensor, scale: Tensor, shift: Tensor, *weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """``scale`` and ``shift`` (C) are batch norm's; ``weights`` the convolutions'."""
        y = x.clamp_min(0) if unit.rectify else x
        inputs = [x]
        for weight, geometry in zip(weights, unit.geometries, strict=True):
            y = channels_last(convolve(y, weight, geometry))
            inputs.append(y)
        if y is x:
            y = inputs[0] = x.clone()
        out, statistics = normalise_(y, scale, shift, unit.eps)  # y is ours: the last of ``inputs`` is centred by this
        ctx.unit = unit
        ctx.save_for_backward(scale, statistics.inverse_std, *weights, *inputs)
        ctx.mark_non_differentiable(statistics.mean, statistics.variance)
        return out, statistics.mean, statistics.variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x, scale, shift and weights; None where none is asked for."""
        unit, (scale, inverse_std, *rest) = ctx.unit, ctx.saved_tensors
        layers = len(unit.geometries)
        weights, inputs = rest[:layers], rest[layers:]
        of_x, of_weights = ctx.needs_input_grad[1], ctx.needs_input_grad[4:]
        grad: Tensor | None
        grad, d_scale, d_shift = normalise_backward(channels_last(grads[0]), inputs[-1], scale, inverse_std)
        d_weights: list[Tensor | None] = []
        for k in reversed(range(layers)):
            onward = of_x or any(of_weights[:k])
            assert grad is not None
            grad, d_weight = _gradients(
                grad, inputs[k], weights[k], unit.geometries[k], k == 0 and unit.rectify, onward, of_weights[k]
            )
            d_weights.insert(0, d_weight)
        if grad is not None and unit.rectify:
            grad = torch.ops.aten.threshold_backward(grad, inputs[0], 0)
        return None, grad, d_scale, d_shift, *d_weights


def _gradients(
    grad: Tensor, x: Tensor, weight: Tensor, geometry: Geometry, rectify: bool, of_x: bool, of_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Of one convolution of ``x`` (or ``relu(x)``, and then with respect to the rectified input). Changes ``grad``."""
    if not is_depthwise(weight, geometry):
        return plain_gradients(grad, x.clamp_min(0) if rectify else x, weight, geometry, of_x, of_weight)
    d_x = depthwise_input_gradient(grad, x, weight, geometry) if of_x else None
    d_weight = depthwise_weight_gradient(grad, x, weight, geometry, rectify) if of_weight else None
    return d_x, d_weight


def conv_norm(
    x: Tensor, relu: nn.Module | None, convolutions: Sequence[nn.Module], norm: nn.Module
) -> Tensor | None:
    """(ReLU,) convolutions and batch norm of ``x`` (B, C, h, w) as one operation, running statistics moved.

    None, with nothing done, where the modules themselves must run: they are not exactly torch's own, in training mode, with
    no bias and no hooks, or :func:`~bnao.ops.lean.when.applies` says no.
    """
    if not applies(x) or not (relu is None or is_bare(relu, nn.ReLU)):
        return None
    geometries = [geometry for layer in convolutions if (geometry := _geometry(layer)) is not None]
    if len(geometries) < len(convolutions):
        return None
    weights = [cast(nn.Conv2d, layer).weight for layer in convolutions]
    return weighted_norm(x, relu is not None, weights, geometries, norm)


def weighted_norm(
    x: Tensor, rectify: bool, weights: Sequence[Tensor], geometries: Sequence[Geometry], norm: nn.Module
) -> Tensor | None:
    """:func:`conv_norm` with weights in place of modules; without any, it is batch norm alone."""
    if not (applies(x) and is_bare(norm, nn.BatchNorm2d)):
        return None
    norm = cast(nn.BatchNorm2d, norm)
    if norm.weight is None or norm.momentum is None or any(w.dtype is not x.dtype for w in (norm.weight, *weights)):
        return None
    unit = Unit(rectify, tuple(geometries), norm.eps)
    out, mean, variance = ConvNorm.apply(unit, x, norm.weight, norm.bias, *weights)  # type: ignore[no-untyped-call]
    if norm.running_mean is not None:
        assert norm.running_var is not None and norm.num_batches_tracked is not None, "torch has all three or none"
        count = out.numel() // out.shape[1]
        norm.num_batches_tracked.add_(1)
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
    return out  # type: ignore[no-any-return]


def _geometry(layer: nn.Module) -> Geometry | None:
    """How a layer moves; None if it is not a plain convolution without bias that moves alike in both directions."""
    if not is_bare(layer, nn.Conv2d):
        return None
    conv = cast(nn.Conv2d, layer)
    if conv.bias is not None or conv.padding_mode != "zeros" or isinstance(conv.padding, str):
        return None
    if not all(len(set(pair)) == 1 for pair in (conv.stride, conv.padding, conv.dilation)):
        return None
    return Geometry(conv.stride[0], conv.padding[0], conv.dilation[0], conv.groups)
