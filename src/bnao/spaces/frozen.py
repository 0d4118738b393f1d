"""Parts of a network that are to stay as they are: pretrained weights that ask for no gradient."""

from __future__ import annotations

from torch import nn

_FROZEN = "_bnao_frozen"
"""Attribute that says of a module whether it is frozen; clones and copies have it too."""


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


def mark_frozen(network: nn.Module) -> None:
    """Settle by the whole ``network`` what is frozen in clones, copies and parts of it, however little is in these.

    A batch norm without weights, or a block whose path leads around what learns, would pass for another by itself.
    """
    found, partly = _by_weights(network), not all(weight.requires_grad for weight in network.parameters())
    for module in network.modules():
        if partly:
            module.__dict__[_FROZEN] = module in found
        else:
            module.__dict__.pop(_FROZEN, None)


def frozen_modules(network: nn.Module) -> set[nn.Module]:
    """The modules that are marked as frozen; where none is marked either way, those that are so in ``network``."""
    marked = [module for module in network.modules() if _FROZEN in module.__dict__]
    return {module for module in marked if module.__dict__[_FROZEN]} if marked else _by_weights(network)


def _by_weights(network: nn.Module) -> set[nn.Module]:
    """The modules all of whose weights (one at least) ask for no gradient, and all that is in them."""
    found: set[nn.Module] = set()
    if all(weight.requires_grad for weight in network.parameters()):
        return found
    for module in network.modules():
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            found.update(module.modules())
    return found
