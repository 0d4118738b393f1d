"""The arguments that functions of ``bnao`` share, with their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from bnao.arch import Architecture


class Objects(TypedDict, total=False):
    """What was given to the search in Python and no file holds, for what goes on from its run: give the same again."""

    model: Callable[[], nn.Module] | None
    train: Any
    valid: Any
    test: Any
    prepare: Callable[[Any], tuple[Any, Tensor]] | None
    loss: Callable[[Tensor, Tensor], Tensor] | None
    metric: Callable[[Tensor, Tensor], float] | None
    higher_is_better: bool
    optimizer: Callable[[list[nn.Parameter]], Optimizer] | None


class Arguments(TypedDict, total=False):
    """Each may be left out, or be None; :func:`bnao.search` says what they mean."""

    train: Any
    valid: Any
    test: Any
    prepare: Callable[[Any], tuple[Any, Tensor]] | None
    loss: str | Callable[[Tensor, Tensor], Tensor] | None
    metric: str | Callable[[Tensor, Tensor], float] | None
    higher_is_better: bool
    class_weights: Sequence[float] | None
    optimizer: str | Callable[[list[nn.Parameter]], Optimizer] | None
    learning_rate: float | None
    batch_size: int | None
    epochs: float | None
    max_minutes: float | None
    max_params: int | None
    max_macs: int | None
    max_latency_ms: float | None
    latency: Callable[[Sequence[Architecture]], Any] | None
    final: str | None
    seed: int | None
    settings: Mapping[str, Any] | None
