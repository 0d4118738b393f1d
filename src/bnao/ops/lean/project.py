"""The sum of 1x1 convolutions of several tensors, and batch norm: what projects their concatenation, without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bnao.ops.lean.convolve import POINTWISE, convolve, plain_gradients
from bnao.ops.lean.normalise import can_normalise, normalise, normalise_backward, track, unbiased
from bnao.ops.lean.when import applies, channels_last


class ProjectNorm(torch.autograd.Function):
    """``batch_norm(sum of conv1x1(relu(x_k)))``, and the statistics of the batch: mean and variance (C).

    Kept for the backward pass: what the convolutions and the batch norm see. It can be differentiated once.
    """

    @staticmethod
    def forward(
        ctx: Any, eps: float, weight: Tensor, bias: Tensor, *states_and_kernels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """``weight``, ``bias`` (C): batch norm's; then states (B, C_k, h, w), and as many kernels (C, C_k, 1, 1)."""
        states, kernels = _halves(states_and_kernels)
        rectified = [state.clamp_min(0) for state in states]
        y = channels_last(convolve(rectified[0], kernels[0], POINTWISE))
        for state, kernel in zip(rectified[1:], kernels[1:], strict=True):
            y.add_(convolve(state, kernel, POINTWISE))
        out, found = normalise(y, weight, bias, eps)
        ctx.eps = eps
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(weight, found.mean, found.inverse_std, y, *rectified, *kernels)
        variance = unbiased(found, y)
        ctx.mark_non_differentiable(found.mean, variance)
        return out, found.mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of weight, bias, states and kernels; None where none is asked for."""
        if grads[0] is None:  # the statistics alone were used, and they have none
            return (None,) * len(ctx.needs_input_grad)
        weight, mean, inverse_std, y, *rest = ctx.saved_tensors
        d_y, d_weight, d_bias = normalise_backward(channels_last(grads[0]), y, weight, mean, inverse_std, ctx.eps)
        of_states, of_kernels = _halves(ctx.needs_input_grad[3:])
        d_states, d_kernels = [], []
        for state, kernel, of_state, of_kernel in zip(*_halves(rest), of_states, of_kernels, strict=True):
            d_state, d_kernel = plain_gradients(d_y, state, kernel, POINTWISE, of_state, of_kernel)
            if d_state is not None:
                torch.ops.aten.threshold_backward.grad_input(d_state, state, 0, grad_input=d_state)  # of our own making
            d_states.append(d_state)
            d_kernels.append(d_kernel)
        return None, d_weight, d_bias, *d_states, *d_kernels


def _halves(both: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    return both[: len(both) // 2], both[len(both) // 2 :]


def project_norm(states: Sequence[Tensor], kernels: Sequence[Tensor], norm: nn.Module) -> Tensor | None:
    """``norm(sum of conv1x1(relu(state)))``, running statistics moved; None where plain modules must run."""
    first = states[0]
    if not (all(map(applies, states)) and can_normalise(norm, first.dtype)):
        return None
    if not all(kernel.dtype is first.dtype for kernel in kernels):
        return None
    norm = cast(nn.BatchNorm2d, norm)
    out, mean, variance = ProjectNorm.apply(norm.eps, norm.weight, norm.bias, *states, *kernels)  # type: ignore[no-untyped-call]
    track(norm, mean, variance)
    return out  # type: ignore[no-any-return]
