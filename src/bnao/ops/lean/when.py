"""Where a lean operation may stand in for torch's modules: a step of training on CPU, in float32 and channels-last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

SMALLEST = 300_000
"""Numbers in the input below which the cost of calls outweighs what is gained (measured: a loss at 262,144)."""

_enabled = True


@contextmanager
def plain() -> Iterator[None]:
    """Torch's own modules only, within the block: to compare, and for what a lean operation cannot do.

    That is a second derivative, forward-mode differentiation, and the transforms of ``torch.func``.
    """
    global _enabled
    before, _enabled = _enabled, False
    try:
        yield
    finally:
        _enabled = before


def applies(x: Tensor) -> bool:
    """Whether gradients are recorded and ``x`` (B, C, h, w) is a large plain CPU tensor, float32, channels last."""
    return (
        _enabled
        and torch.is_grad_enabled()
        and not torch.compiler.is_compiling()
        and not is_traced()
        and type(x) is Tensor
        and x.dtype is torch.float32
        and x.device.type == "cpu"
        and x.dim() == 4
        and x.numel() >= SMALLEST
        and x.is_contiguous(memory_format=torch.channels_last)
        and not torch.is_autocast_enabled("cpu")
    )


def is_traced() -> bool:
    """Whether ``torch.jit.trace`` records what is done."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def is_bare(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether ``module`` is exactly of this class, in training mode, and has no hooks, which would not be called."""
    return type(module) is kind and module.training and not has_hooks(module)


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody watches the module, or all modules, and would not hear of it if others did its work.

    A forward method of the object's own, as some libraries put there, counts as one who does.
    """
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or "forward" in module.__dict__
        or _has_any_global_hook()  # type: ignore[no-untyped-call]
    )


def channels_last(x: Tensor) -> Tensor:
    """``x`` (B, C, h, w) in dense channels-last memory, copied if it is not."""
    return x.contiguous(memory_format=torch.channels_last)
