"""An optimiser that looks at the active path only (DESIGN decision 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from bnao.errors import NumericalError, SettingError
from bnao.training.config import TrainingConfig

OptimizerFactory = Callable[[list[nn.Parameter]], Optimizer]
"""All trainable parameters to an optimiser over them, in as many groups as it likes."""


class PathOptimizer:
    """One of torch's optimisers over one set of shared weights; each step sees a stored list of the path's parameters.

    SGD with momentum, AdamW, or what ``make`` returns (``training.optimizer``). Momentum persists for every weight.
    Weights off the path stay as they are (``inactive="frozen"``), or go on moving by momentum and weight decay once
    they have been trained (``"moving"``, what zero-filled gradients did under the torch of the paper's time). Weights
    that ``make`` puts into no group keep their values. The schedule scales the rates of all groups alike.
    """

    def __init__(self, root: nn.Module, config: TrainingConfig, make: OptimizerFactory | None = None) -> None:
        self._all = [p for p in root.parameters() if p.requires_grad]
        self._clip = config.clip_norm
        self._moving = config.inactive == "moving"
        self._full_rate = config.learning_rate
        if not self._all:
            raise SettingError("a training needs weights that learn; received a network whose weights are all frozen")
        self._optimizer = (make or _by_name(config))(list(self._all))
        if not isinstance(self._optimizer, Optimizer):
            kind = type(self._optimizer).__name__
            raise SettingError(f"optimizer is a function of the parameters to a torch optimizer; it returned {kind}")
        self._groups = [(list(g["params"]), g["lr"]) for g in self._optimizer.param_groups]
        self._members = [{id(p) for p in params} for params, _ in self._groups]
        self._holds_all = [members.issuperset(map(id, self._all)) for members in self._members]
        self._trained: set[nn.Parameter] = set()  # what may be moving

    def step(self, active: Sequence[nn.Parameter], learning_rate: float) -> float:
        """Clip the active gradients, update, and set them to None. Returns their total norm before clipping.

        Raises NumericalError, changing no weight, if the norm is not finite.
        """
        trained = [p for p in active if p.grad is not None]
        norm = float(nn.utils.clip_grad_norm_(trained, self._clip, foreach=True))
        if not norm < float("inf"):
            for parameter in trained:
                parameter.grad = None
            raise NumericalError(
                f"gradients must stay finite; received a norm of {norm}: lower the learning rate or check the data"
            )
        moved = self._with_inactive(trained) if self._moving else trained
        groups = zip(self._optimizer.param_groups, self._groups, self._members, self._holds_all, strict=True)
        for group, (_, rate), members, holds_all in groups:
            group["params"] = moved if holds_all else [p for p in moved if id(p) in members]
            group["lr"] = learning_rate if rate == self._full_rate else rate * learning_rate / self._full_rate
        self._optimizer.step()
        for parameter in moved:
            parameter.grad = None
        return norm

    def _with_inactive(self, trained: Sequence[nn.Parameter]) -> list[nn.Parameter]:
        self._trained.update(trained)
        moved = [p for p in self._all if p in self._trained]
        for parameter in moved:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        return moved

    def _restore_groups(self) -> None:
        for group, (params, _) in zip(self._optimizer.param_groups, self._groups, strict=True):
            group["params"] = params

    def state_dict(self) -> dict[str, Any]:
        """Momentum of all weights; where they go on moving, the numbers of those that were trained too."""
        self._restore_groups()
        state = self._optimizer.state_dict()
        if self._moving:
            state["trained"] = [k for k, p in enumerate(self._all) if p in self._trained]
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the momentum."""
        self._restore_groups()
        state = dict(state)
        trained = state.pop("trained", None)
        self._optimizer.load_state_dict(state)
        known = [k for k, p in enumerate(self._all) if p in self._optimizer.state]
        self._trained = {self._all[k] for k in (known if trained is None else trained)}


def _by_name(config: TrainingConfig) -> OptimizerFactory:
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "adamw":
        return lambda params: AdamW(params, lr=rate, weight_decay=decay, foreach=True)
    return lambda params: SGD(params, lr=rate, momentum=config.momentum, weight_decay=decay, foreach=True)
