"""SGD that looks at the active path only (DESIGN decision 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import SGD

from bnao.errors import NumericalError
from bnao.training.config import TrainingConfig


class PathSGD:
    """torch's SGD over one set of shared weights; each step sees a stored list of the path's parameters.

    Momentum persists for every weight. Weights off the path stay as they are (``inactive="frozen"``), or go on moving
    by momentum and weight decay once they have been trained (``"moving"``, what zero-filled gradients did under the
    torch of the paper's time).
    """

    def __init__(self, root: nn.Module, config: TrainingConfig) -> None:
        self._all = [p for p in root.parameters() if p.requires_grad]
        self._clip = config.clip_norm
        self._moving = config.inactive == "moving"
        self._sgd = SGD(
            self._all,
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            foreach=True,
        )

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
        moved = self._with_inactive() if self._moving else trained
        group = self._sgd.param_groups[0]
        group["params"], group["lr"] = moved, learning_rate
        self._sgd.step()
        for parameter in moved:
            parameter.grad = None
        return norm

    def _with_inactive(self) -> list[nn.Parameter]:
        moved = [p for p in self._all if p.grad is not None or p in self._sgd.state]
        for parameter in moved:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        return moved

    def state_dict(self) -> dict[str, Any]:
        """Momentum of all weights."""
        self._sgd.param_groups[0]["params"] = self._all
        return self._sgd.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the momentum."""
        self._sgd.param_groups[0]["params"] = self._all
        self._sgd.load_state_dict(dict(state))
