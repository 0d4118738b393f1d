"""Exponentially averaged weights, kept lazily: a step touches the averages of its own path only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class LazyAverage:
    """average <- decay * average + (1 - decay) * weight at *every* step, for every weight, at the cost of the path.

    A weight off the path does not change, so the steps it missed are made up in closed form when it is touched again:
    average <- weight + (average - weight) * decay^missed.
    """

    def __init__(self, root: nn.Module, decay: float) -> None:
        self._root, self._decay, self._step = root, decay, 0
        self._average: dict[Tensor, Tensor] = {}
        self._last: dict[Tensor, int] = {}

    @torch.no_grad()
    def before_step(self, active: Sequence[Tensor]) -> None:
        """Catch up on the missed steps of the tensors that are about to change."""
        for tensor in active:
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
            self._average[tensor].lerp_(tensor, 1.0 - self._decay)
            self._last[tensor] = self._step

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the context the weights *are* the averages; afterwards they are restored to the bit."""
        self.before_step(list(self._average))
        kept = {tensor: tensor.detach().clone() for tensor in self._average}
        with torch.no_grad():
            for tensor, average in self._average.items():
                tensor.copy_(average)
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, value in kept.items():
                    tensor.copy_(value)

    @torch.no_grad()
    def adopt(self) -> None:
        """The weights become their averages, for good."""
        self.before_step(list(self._average))
        for tensor, average in self._average.items():
            tensor.copy_(average)

    def state_dict(self) -> dict[str, Any]:
        """Averages by the root's state names, each caught up to the present step."""
        self.before_step(list(self._average))
        names = {tensor: name for name, tensor in self._root.state_dict(keep_vars=True).items()}
        return {"step": self._step, "average": {names[t]: a for t, a in self._average.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the averages."""
        tensors = self._root.state_dict(keep_vars=True)
        self._step = int(state["step"])
        self._average = {tensors[name]: average.clone() for name, average in state["average"].items()}
        self._last = dict.fromkeys(self._average, self._step)
