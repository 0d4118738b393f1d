"""How the weights of a skeleton's networks begin."""

from __future__ import annotations

from torch import nn


def initialise(module: nn.Module) -> nn.Module:
    """Kaiming-normal on every weight of two or more dimensions; vectors keep torch's default. Returns ``module``."""
    for parameter in module.parameters():
        if parameter.dim() >= 2:
            nn.init.kaiming_normal_(parameter)
    return module
