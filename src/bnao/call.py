"""How a network is called, and what it returns (imports no torch)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn

    Inputs: TypeAlias = Tensor | Sequence[Tensor] | Mapping[str, Tensor]


def call_network(module: nn.Module, inputs: Inputs) -> Any:
    """What ``module`` makes of ``inputs``: ``module(x)``, ``module(*inputs)`` or ``module(**inputs)``.

    ``inputs`` is a tensor (B, ...), a list or tuple of tensors (B, ...), or a mapping from argument names to them.

    >>> import torch
    >>> call_network(torch.nn.Bilinear(2, 3, 4), (torch.ones(5, 2), torch.ones(5, 3))).shape
    torch.Size([5, 4])
    >>> call_network(torch.nn.Linear(2, 4), {"input": torch.ones(5, 2)}).shape
    torch.Size([5, 4])
    """
    if isinstance(inputs, Mapping):
        return module(**inputs)
    if isinstance(inputs, (tuple, list)):
        return module(*inputs)
    return module(inputs)


def tensors_of(inputs: Inputs) -> list[Tensor]:
    """The tensors of inputs, in order."""
    if isinstance(inputs, Mapping):
        return list(inputs.values())
    return list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]  # type: ignore[list-item]


def is_broken(tensor: Tensor) -> bool:
    """Whether NaN or plus infinity is in ``tensor``.

    Minus infinity is let through: as an output it rules a class out, as a weight it masks.

    >>> import torch
    >>> [is_broken(torch.tensor([0.0, value])) for value in (float("-inf"), float("inf"), float("nan"))]
    [False, True, True]
    """
    return bool((tensor.isnan() | tensor.isposinf()).any())


class WithAuxiliary(NamedTuple):
    """What a network with an auxiliary head returns in training mode: both heads' outputs."""

    outputs: Tensor
    auxiliary: Tensor


def split_outputs(returned: Any) -> tuple[Any, Tensor | None]:
    """The outputs that the objective judges, and the auxiliary head's where there is one."""
    if isinstance(returned, WithAuxiliary):
        return returned.outputs, returned.auxiliary
    return returned, None
