"""Putting an architecture's network in place of the open choices of one construction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from torch import nn

from bnao.arch import Architecture
from bnao.spaces.base import OperationsOf
from bnao.spaces.own.open_choice import OpenChoice
from bnao.spaces.own.repeat import Repeat

_Undo: TypeAlias = list[tuple[dict[str, nn.Module | None], str, nn.Module]]
_Memo: TypeAlias = dict[int, tuple[nn.Module, nn.Module]]


def operations_of(root: nn.Module) -> OperationsOf:
    """What stands at the places of ``root``'s outermost choices, in a network that is made of it.

    An option is one operation, with the choices in it; repetitions are an operation each.
    """
    places: list[tuple[str, bool]] = []
    _outermost(root, "", places)

    def operations(network: nn.Module) -> list[nn.Module]:
        found: list[nn.Module] = []
        for name, repeats in places:
            chosen = network.get_submodule(name)
            found += chosen.children() if repeats else [chosen]
        return found

    return operations


def _outermost(module: nn.Module, name: str, places: list[tuple[str, bool]]) -> None:
    if isinstance(module, OpenChoice):
        places.append((name, isinstance(module, Repeat)))
        return
    for child_name, child in module._modules.items():
        if child is not None:
            _outermost(child, f"{name}.{child_name}" if name else child_name, places)


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
