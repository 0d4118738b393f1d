"""(ReLU,) one or two convolutions and batch norm as one operation: fewer tensors are kept, and fewer passes made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bnao.ops.lean.convolve import Geometry, convolve, gradients, is_wide
from bnao.ops.lean.normalise import can_normalise, is_narrow, normalise, normalise_backward, track
from bnao.ops.lean.when import applies, channels_last, is_bare


@dataclass(frozen=True)
class Unit:
    """What is done, but for weights: whether the input is rectified, how convolutions move, batch norm's eps."""

    rectify: bool
    geometries: tuple[Geometry, ...]
    eps: float


class ConvNorm(torch.autograd.Function):
    """``batch_norm(conv(...(relu(x))))``, and the statistics of the batch: mean and biased variance (C).

    Kept for the backward pass: the input as it came (rectified again there), what the second convolution sees, and the
    input of the batch norm. It can be differentiated once.
    """

    @staticmethod
    def forward(
        ctx: Any, unit: Unit, x: Tensor, weight: Tensor, bias: Tensor, *kernels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """``weight`` and ``bias`` (C) are batch norm's; ``kernels`` the convolutions' weights."""
        y = x.clamp_min(0) if unit.rectify else x
        kept = [x]
        for kernel, geometry in zip(kernels, unit.geometries, strict=True):
            y = channels_last(convolve(y, kernel, geometry))
            kept.append(y)
        out, found = normalise(y, weight, bias, unit.eps)
        ctx.unit = unit
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, found.mean, found.inverse_std, *kernels, *kept)
        ctx.mark_non_differentiable(found.mean, found.variance)
        return out, found.mean, found.variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x, weight, bias and kernels; None where none is asked for."""
        if grads[0] is None:  # the statistics alone were used, and they have none
            return (None,) * len(ctx.needs_input_grad)
        unit: Unit = ctx.unit
        weight, mean, inverse_std, *rest = ctx.saved_tensors
        layers = len(unit.geometries)
        kernels, inputs = rest[:layers], rest[layers:]
        of_x, of_kernels = ctx.needs_input_grad[1], ctx.needs_input_grad[4:]
        d_y: Tensor | None
        d_y, d_weight, d_bias = normalise_backward(
            channels_last(grads[0]), inputs[-1], weight, mean, inverse_std, unit.eps
        )
        d_kernels: list[Tensor | None] = [None] * layers
        for k in reversed(range(layers)):
            onward, rectify = of_x or any(of_kernels[:k]), k == 0 and unit.rectify
            if d_y is None or not (onward or of_kernels[k]):
                break  # nothing before asks for a gradient
            d_y, d_kernels[k] = gradients(
                d_y, inputs[k], kernels[k], unit.geometries[k], rectify, onward, of_kernels[k]
            )
        if of_x and unit.rectify:
            d_y = torch.ops.aten.threshold_backward(d_y, inputs[0], 0)
        return None, d_y if of_x else None, d_weight, d_bias, *d_kernels


def conv_norm(x: Tensor, relu: nn.Module | None, convolutions: Sequence[nn.Module], norm: nn.Module) -> Tensor | None:
    """(ReLU,) convolutions and batch norm of ``x`` (B, C, h, w) as one operation, running statistics moved.

    None, with nothing done, where the modules themselves must run: :func:`~bnao.ops.lean.when.applies` says no, or they
    are not exactly torch's, in training mode, without bias and hooks; and where they are as fast.
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
    if not (applies(x) and can_normalise(norm, x.dtype) and all(w.dtype is x.dtype for w in weights)):
        return None
    norm = cast(nn.BatchNorm2d, norm)
    if not is_faster(norm.num_features, weights, geometries):
        return None
    unit = Unit(rectify, tuple(geometries), norm.eps)
    out, mean, variance = ConvNorm.apply(unit, x, norm.weight, norm.bias, *weights)  # type: ignore[no-untyped-call]
    track(norm, mean, variance, out.numel() // out.shape[1])
    return out  # type: ignore[no-any-return]


def is_faster(channels: int, weights: Sequence[Tensor], geometries: Sequence[Geometry]) -> bool:
    """Whether the operation beats torch's modules: batch norm of few channels, or a wide depthwise kernel."""
    return is_narrow(channels) or any(map(is_wide, weights, geometries))


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
