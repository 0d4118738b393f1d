"""Parts of a network that are to stay as they are: pretrained weights that ask for no gradient."""

from __future__ import annotations

from torch import nn


def train_mode(network: nn.Module) -> nn.Module:
    """Training mode, but for modules all of whose weights (one at least) ask for no gradient: these stay in eval mode.

    So a frozen part keeps its running statistics, and drops nothing. Returns ``network``.

    >>> part = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout()).requires_grad_(False)
    >>> network = train_mode(nn.Sequential(part, nn.Linear(2, 2)))
    >>> part.training, network[1].training
    (False, True)
    """
    network.train()
    for module in frozen_modules(network):
        module.training = False
    return network


def frozen_modules(network: nn.Module) -> set[nn.Module]:
    """The modules all of whose weights (one at least) ask for no gradient, and all that is in them."""
    found: set[nn.Module] = set()
    if all(weight.requires_grad for weight in network.parameters()):
        return found
    for module in network.modules():
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            found.update(module.modules())
    return found
