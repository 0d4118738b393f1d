"""Cloning the path of an architecture through a network that holds choices.

A *choice* is a module with ``resolve(architecture) -> nn.Module``. The clone is a network of its own: each module on
the path is copied shallowly, with the *same* parameter and buffer tables as the original, and each choice is replaced
by what it resolves to. So the path is exactly the architecture's network and trains the shared weights; modes (train,
eval) and hooks of one path do not touch another. A clone must not be converted (``.half()``, ``.to()``): convert a deep
copy.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Protocol, cast, runtime_checkable

from torch import nn

from bnao.arch import Architecture


@runtime_checkable
class Choice(Protocol):
    """A module that holds several candidates."""

    def resolve(self, architecture: Architecture) -> nn.Module:
        """The module that the architecture chooses, sharing this one's weights. May hold choices itself."""


@cache
def _is_choice(cls: Hashable) -> bool:
    return issubclass(cast(type, cls), Choice)


_HOOK_TABLES = tuple(
    name
    for name, value in vars(nn.Module()).items()
    if isinstance(value, dict) and name not in ("_parameters", "_buffers", "_modules")
)

_Memo = dict[int, tuple[nn.Module, nn.Module]]
"""Original and clone by the original's id; the original is kept alive, since an id is reused once its owner is gone."""


def clone_path(root: nn.Module, architecture: Architecture) -> nn.Module:
    """The path of ``architecture`` through ``root``. A module that stands in several places is cloned once."""
    return _clone(root, architecture, {})


def clone_module(module: nn.Module) -> nn.Module:
    """A shallow copy: same parameters and buffers, its own mode, hooks and table of (the same) children."""
    copy = module.__class__.__new__(module.__class__)
    state = vars(module).copy()
    state.pop("_compiled_call_impl", None)
    state["_modules"] = dict(module._modules)
    for name in _HOOK_TABLES:
        state[name] = state[name].copy()
    copy.__dict__.update(state)
    return copy


def _clone(module: nn.Module, architecture: Architecture, memo: _Memo) -> nn.Module:
    if id(module) in memo:
        return memo[id(module)][1]
    if _is_choice(cast(Hashable, type(module))):
        clone = _clone(cast(Choice, module).resolve(architecture), architecture, memo)
    else:
        clone = clone_module(module)
        for name, child in module._modules.items():
            if child is not None:
                clone._modules[name] = _clone(child, architecture, memo)
    memo[id(module)] = (module, clone)
    return clone
