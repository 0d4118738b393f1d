"""What one training step consists of: traced on the meta device, so that networks of any size are traced in seconds.

Shapes: K kernels of a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bnao.call import split_outputs


@dataclass
class Step:
    """Each kernel's bytes read and written and its floating-point operations; what is kept for the backward pass.

    ``gradient_bytes`` are those of the active path, ``activation_bytes`` the saved tensors that are no weights.
    """

    bytes_K: list[float] = field(default_factory=list)
    flops_K: list[float] = field(default_factory=list)
    activation_bytes: int = 0
    gradient_bytes: int = 0

    def seconds(self, *, bandwidth: float, flops: float, launch: float) -> float:
        """Each kernel takes the longest of launch, memory traffic and arithmetic; kernels follow each other."""
        pairs = zip(self.bytes_K, self.flops_K, strict=True)
        return sum(max(launch, moved / bandwidth, done / flops) for moved, done in pairs)


class _Tracer(TorchDispatchMode):
    """Notes every operation that moves data; views do not."""

    def __init__(self, step: Step) -> None:
        super().__init__()
        self._step = step

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if not func.is_view and func.namespace == "aten":
            tensors = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, Tensor)]
            self._step.bytes_K.append(float(sum(t.numel() * t.element_size() for t in tensors)))
            self._step.flops_K.append(float(_flops(func, args, out)))
        return out


def _flops(func: Any, args: Any, out: Any) -> int:
    """Of convolutions and matrix products; those of everything else are far below its memory traffic."""
    name = func.overloadpacket.__name__
    if name == "convolution":
        return 2 * out.numel() * prod(args[1].shape[1:])
    if name == "convolution_backward":
        return 2 * args[0].numel() * prod(args[2].shape[1:]) * sum(args[-1][:2])
    if name in ("mm", "addmm"):
        return 2 * out.numel() * args[-1].shape[0]
    return 0


def trace_scoring(module: nn.Module, shape: tuple[int, int, int], batch: int) -> Step:
    """The forward pass alone of ``module``, which lies on the meta device; nothing is kept."""
    step = Step()
    with torch.no_grad(), _Tracer(step):
        module(_images(shape, batch))
    return step


def trace_step(module: nn.Module, shape: tuple[int, int, int], batch: int, auxiliary_weight: float = 0.4) -> Step:
    """Forward, backward, clipping and SGD with momentum of ``module``, on the meta device and in training mode."""
    step = Step()
    parameters = list(module.parameters())
    own = {_storage(t) for t in [*parameters, *module.buffers()]}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in own:
            kept[_storage(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    labels = torch.empty(batch, dtype=torch.int64, device="meta")
    momentum = [torch.empty_like(p) for p in parameters]
    with _Tracer(step):
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            outputs, extra = split_outputs(module(_images(shape, batch)))
            loss = nn.functional.cross_entropy(outputs, labels)
            if extra is not None:
                loss = loss + auxiliary_weight * nn.functional.cross_entropy(extra, labels)
        loss.backward()
        _update(parameters, momentum)
    step.activation_bytes = sum(kept.values())
    step.gradient_bytes = sum(p.numel() * p.element_size() for p in parameters)
    return step


@torch.no_grad()
def _update(parameters: list[nn.Parameter], momentum: list[Tensor]) -> None:
    """The kernels of the product's update: norm, scale, weight decay, momentum, step, over lists of tensors."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, 0.5)
    torch._foreach_add_(gradients, parameters, alpha=3e-4)
    torch._foreach_mul_(momentum, 0.9)
    torch._foreach_add_(momentum, gradients)
    torch._foreach_add_(parameters, momentum, alpha=-0.025)


def _images(shape: tuple[int, int, int], batch: int) -> Tensor:
    return torch.empty((batch, *shape), device="meta").contiguous(memory_format=torch.channels_last)


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
