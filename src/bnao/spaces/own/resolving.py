"""Putting an architecture's network in place of the open choices of one construction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from torch import nn

from bnao.arch import Architecture
from bnao.spaces.own.open_choice import OpenChoice

_Undo: TypeAlias = list[tuple[dict[str, nn.Module | None], str, nn.Module]]
_Memo: TypeAlias = dict[int, tuple[nn.Module, nn.Module]]


def resolve_for_good(root: nn.Module, architecture: Architecture) -> nn.Module:
    """The network of ``architecture`` made of ``root``'s modules; what is off the path is let go, choices too."""
    return _resolved(root, architecture, {}, [])


@contextmanager
def resolved(root: nn.Module, architecture: Architecture) -> Iterator[nn.Module]:
    """The network of ``architecture`` made of ``root``'s modules, which are put back after the block."""
    undo: _Undo = []
    try:
        yield _resolved(root, architecture, {}, undo)
    finally:
        for table, name, child in reversed(undo):
            table[name] = child


def _resolved(module: nn.Module, architecture: Architecture, memo: _Memo, undo: _Undo) -> nn.Module:
    if id(module) in memo:
        return memo[id(module)][1]
    if isinstance(module, OpenChoice):
        result = _resolved(module.resolve(architecture), architecture, memo, undo)
    else:
        result = module
        for name, child in list(module._modules.items()):
            if child is not None:
                new = _resolved(child, architecture, memo, undo)
                if new is not child:
                    undo.append((module._modules, name, child))
                    module._modules[name] = new
    memo[id(module)] = (module, result)
    return result
