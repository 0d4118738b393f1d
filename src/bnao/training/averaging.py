"""Exponentially averaged weights, kept lazily: a step touches the averages of its own path only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn


class LazyAverage:
    """average <- decay * average + (1 - decay) * weight at *every* step, for every weight, at the cost of the path.

    A weight off the path does not change, so the steps it missed are made up in closed form when it is touched again:
    average <- weight + (average - weight) * decay^missed. Buffers that no state holds (``persistent=False``) are
    left as they are.
    """

    def __init__(self, root: nn.Module, decay: float) -> None:
        self._decay, self._step = decay, 0
        self._names = {tensor: name for name, tensor in root.state_dict(keep_vars=True).items()}
        self._left_out = {
            buffer
            for module in root.modules()
            for name, buffer in module.named_buffers(recurse=False)
            if name in module._non_persistent_buffers_set
        }
        self._average: dict[Tensor, Tensor] = {}
        self._last: dict[Tensor, int] = {}

    @torch.no_grad()
    def before_step(self, active: Sequence[Tensor]) -> None:
        """Catch up on the missed steps of the tensors that are about to change."""
        for tensor in active:
            if tensor in self._left_out:
                continue
            if tensor not in self._average:
                self._average[tensor] = tensor.detach().clone()
            elif (missed := self._step - self._last[tensor]) > 0:
                self._average[tensor].lerp_(tensor, 1.0 - self._decay**missed)
            self._last[tensor] = self._step

    @torch.no_grad()
    def after_step(self, active: Sequence[Tensor]) -> None:
        """Average the changed tensors in."""
        self._step += 1
        for tensor in active:
            if tensor not in self._left_out:
                self._average[tensor].lerp_(tensor, 1.0 - self._decay)
                self._last[tensor] = self._step

    def _current(self) -> dict[Tensor, Tensor]:
        """The averages at the present step; what is stored stays as it is, so reading changes no later bit."""
        with torch.no_grad():
            return {
                tensor: average.lerp(tensor, 1.0 - self._decay**missed)
                if (missed := self._step - self._last[tensor])
                else average.clone()
                for tensor, average in self._average.items()
            }

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the context the weights *are* the averages; afterwards they are restored to the bit."""
        current = self._current()
        kept = {tensor: tensor.detach().clone() for tensor in current}
        _assign(current)
        try:
            yield
        finally:
            _assign(kept)

    def adopt(self) -> None:
        """The weights become their averages, for good."""
        _assign(self._current())

    def state_dict(self) -> dict[str, Any]:
        """Averages by the root's state names, and the step at which each was last touched."""
        return {
            "step": self._step,
            "average": {self._names[tensor]: average.clone() for tensor, average in self._average.items()},
            "last": {self._names[tensor]: last for tensor, last in self._last.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the averages."""
        tensors = {name: tensor for tensor, name in self._names.items()}
        self._step = int(state["step"])
        self._average = {
            tensors[name]: average.to(tensors[name].device, copy=True) for name, average in state["average"].items()
        }
        self._last = {tensors[name]: int(last) for name, last in state["last"].items()}


def averaged(average: LazyAverage | None) -> AbstractContextManager[None]:
    """Within the context the weights are their averages, where an average is kept."""
    return nullcontext() if average is None else average.applied()


@torch.no_grad()
def _assign(values: Mapping[Tensor, Tensor]) -> None:
    for tensor, value in values.items():
        tensor.copy_(value)
