"""Views of a network for evaluation: own modes and statistics, shared weights. Evaluating a view changes nothing.

Frozen parts are seen with the running statistics that they have in training and in the delivered network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bnao.call import call_network
from bnao.spaces.frozen import frozen_modules
from bnao.supernet.clone import clone_module

BatchNorm = _BatchNorm
"""Base class of torch's batch norms of any dimension."""


def eval_view(module: nn.Module) -> nn.Module:
    """The network in eval mode; the original's modes stay as they are."""
    return _view(module, lambda norm: norm)


def batch_statistics_view(module: nn.Module) -> nn.Module:
    """Eval mode, but batch norm uses each batch's own statistics, and no running statistic is read or written."""
    return _view(module, _without_running)


def recalibrated_view(module: nn.Module, batches: Sequence[Any]) -> nn.Module:
    """Eval mode with running statistics of its own, averaged over ``batches`` of training inputs."""
    view = own_statistics_view(module)
    measuring(view, True)
    with torch.no_grad():
        for batch in batches:
            call_network(view, batch)
    measuring(view, False)
    return view


def own_statistics_view(module: nn.Module) -> nn.Module:
    """Eval mode with running statistics of its own, of no batch yet; see :func:`measuring`."""
    return _view(module, _with_own_running)


def measuring(view: nn.Module, on: bool) -> None:
    """While ``on``, what runs through ``view`` adds to its running statistics: all batches count alike."""
    frozen = frozen_modules(view)
    for part in view.modules():
        if isinstance(part, BatchNorm) and part not in frozen:
            part.training = on


def _view(module: nn.Module, treat: Callable[[BatchNorm], BatchNorm]) -> nn.Module:
    memo: dict[int, nn.Module] = {}
    frozen = frozen_modules(module)

    def visit(part: nn.Module) -> nn.Module:
        if id(part) not in memo:
            clone = clone_module(part)
            clone.training = False
            clone.__dict__["_buffers"] = dict(part._buffers)  # a forward may put others in their place
            if isinstance(clone, BatchNorm) and part not in frozen:
                clone = treat(clone)
            memo[id(part)] = clone
            for name, child in part._modules.items():
                if child is not None:
                    clone._modules[name] = visit(child)
        return memo[id(part)]

    return visit(module)


def _without_running(norm: BatchNorm) -> BatchNorm:
    norm.__dict__["_buffers"] = dict.fromkeys(norm._buffers)
    norm.track_running_stats = False
    return norm


def _with_own_running(norm: BatchNorm) -> BatchNorm:
    norm.__dict__["_buffers"] = {
        name: None if buffer is None else buffer.clone() for name, buffer in norm._buffers.items()
    }
    norm.momentum = None  # a cumulative average: every batch counts alike
    norm.reset_running_stats()
    return norm
