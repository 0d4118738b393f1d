"""A delivered network has finite weights and gives finite answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from bnao.call import call_network, is_broken
from bnao.errors import NumericalError

if TYPE_CHECKING:
    from bnao.call import Inputs

REMEDY = "its training diverged: train it anew with a lower learning rate"


def check_weights(tensors: Mapping[str, Tensor], where: object) -> None:
    """Raise NumericalError where a weight or running statistic is NaN or plus infinity, naming the first.

    Minus infinity is let through, for a mask of a user's own model may hold it.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and is_broken(tensor):
            raise NumericalError(
                f"a delivered network has finite weights; {name} in {str(where)!r} holds NaN or infinity: {REMEDY}"
            )


def check_outputs(module: nn.Module, inputs: Inputs, where: object) -> None:
    """Run ``module`` on examples. Raises NumericalError where an output is NaN or plus infinity."""
    with torch.no_grad():
        outputs = call_network(module, inputs)
    if isinstance(outputs, Tensor) and is_broken(outputs):
        raise NumericalError(
            f"a delivered network answers with finite numbers; that of {str(where)!r} does not for some examples: "
            f"{REMEDY}"
        )
