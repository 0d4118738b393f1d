"""Units of (ReLU,) convolutions and batch norm in a row as one operation: fewer tensors are kept, fewer passes made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bnao.ops.lean.convolve import Geometry, convolve, gradients, is_wide
from bnao.ops.lean.normalise import can_normalise, is_narrow, normalise, normalise_backward, track, unbiased
from bnao.ops.lean.when import applies, channels_last, is_bare

Layers = tuple[nn.Module | None, Sequence[nn.Module], nn.Module]
"""The modules of a unit: its ReLU, if it has one, its convolutions, its batch norm."""


@dataclass(frozen=True)
class Unit:
    """What is done, but for weights: whether the input is rectified, how convolutions move, batch norm's eps.

    A unit that rectifies has a convolution. Its parameters are batch norm's weight and bias (C), and the kernels.
    """

    rectify: bool
    geometries: tuple[Geometry, ...]
    eps: float

    @property
    def num_parameters(self) -> int:
        """Two of batch norm, one for each convolution."""
        return 2 + len(self.geometries)


class ConvNorm(torch.autograd.Function):
    """``batch_norm(conv(...(relu(x))))`` for each unit in turn, and the statistics of each: mean and variance (C).

    Kept for the backward pass: what each convolution and each batch norm sees. The ReLU of the first unit makes a new
    tensor, those of the others work in place. It can be differentiated once.
    """

    @staticmethod
    def forward(ctx: Any, units: tuple[Unit, ...], x: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        """Output (B, C, h', w'); then mean and variance of each unit. ``parameters``: those of the units, in order."""
        out, start = x, 0
        kept: list[Tensor] = []
        statistics: list[Tensor] = []
        for unit in units:
            weight, bias, *kernels = parameters[start : start + unit.num_parameters]
            start += unit.num_parameters
            if unit.rectify:
                out = out.clamp_min(0) if out is x else out.clamp_min_(0)
            inputs = [out]
            for kernel, geometry in zip(kernels, unit.geometries, strict=True):
                inputs.append(channels_last(convolve(inputs[-1], kernel, geometry)))
            out, found = normalise(inputs[-1], weight, bias, unit.eps)
            kept += (weight, *kernels, *inputs, found.mean, found.inverse_std)
            statistics += (found.mean, unbiased(found, inputs[-1]))
        ctx.units = units
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*kept)
        ctx.mark_non_differentiable(*statistics)
        return out, *statistics

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x and the parameters; None where none is asked for."""
        asked: tuple[bool, ...] = ctx.needs_input_grad[1:]
        found: list[Tensor | None] = [None] * len(asked)
        grad: Tensor | None = grads[0]  # None if the statistics alone were used, which have none
        kept, start = list(ctx.saved_tensors), len(asked)
        for unit in reversed(ctx.units):
            if grad is None:
                break  # nothing before asks for a gradient
            end, start = start, start - unit.num_parameters
            size = 2 * unit.num_parameters
            grad, found[start:end] = _unit_backward(unit, grad, kept[-size:], any(asked[:start]), asked[start:end])
            del kept[-size:]
        if asked[0]:
            found[0] = grad
        return None, *found


def _unit_backward(
    unit: Unit, grad: Tensor, kept: Sequence[Tensor], onward: bool, asked: Sequence[bool]
) -> tuple[Tensor | None, list[Tensor | None]]:
    """The gradient of the unit's input, if ``onward``, and of its parameters, where ``asked``."""
    layers = len(unit.geometries)
    weight, kernels, inputs = kept[0], kept[1 : 1 + layers], kept[1 + layers : -2]
    mean, inverse_std = kept[-2:]
    d_y: Tensor | None
    d_y, d_weight, d_bias = normalise_backward(channels_last(grad), inputs[-1], weight, mean, inverse_std, unit.eps)
    found: list[Tensor | None] = [d_weight, d_bias, *(None for _ in kernels)]
    for k in reversed(range(layers)):
        before = onward or any(asked[2 : 2 + k])
        if d_y is None or not (before or asked[2 + k]):
            return None, found
        d_y, found[2 + k] = gradients(d_y, inputs[k], kernels[k], unit.geometries[k], before, asked[2 + k])
    if not onward or d_y is None:
        return None, found
    if unit.rectify:
        torch.ops.aten.threshold_backward.grad_input(d_y, inputs[0], 0, grad_input=d_y)  # of our own making
    return d_y, found


def conv_norm(x: Tensor, *units: Layers) -> Tensor | None:
    """Units of ``x`` (B, C, h, w), one after another, as one operation; running statistics are moved.

    None, with nothing done, where the modules themselves must run: :func:`~bnao.ops.lean.when.applies` says no, or they
    are not exactly torch's, in training mode, without bias and hooks; and where they are as fast.
    """
    if not applies(x):
        return None
    forms: list[Unit] = []
    parameters: list[Tensor] = []
    faster = False
    for relu, convolutions, norm in units:
        geometries = tuple(geometry for layer in convolutions if (geometry := _geometry(layer)) is not None)
        if len(geometries) < len(convolutions) or not (relu is None or is_bare(relu, nn.ReLU)):
            return None
        kernels = [cast(nn.Conv2d, layer).weight for layer in convolutions]
        if not (can_normalise(norm, x.dtype) and all(kernel.dtype is x.dtype for kernel in kernels)):
            return None
        norm = cast(nn.BatchNorm2d, norm)
        faster = faster or is_narrow(norm.num_features) or any(map(is_wide, kernels, geometries))
        forms.append(Unit(relu is not None, geometries, norm.eps))
        parameters += (norm.weight, norm.bias, *kernels)
    if not faster:
        return None
    out, *statistics = ConvNorm.apply(tuple(forms), x, *parameters)  # type: ignore[no-untyped-call]
    for k, (_, _, norm) in enumerate(units):
        track(cast(nn.BatchNorm2d, norm), *statistics[2 * k : 2 * k + 2])
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
