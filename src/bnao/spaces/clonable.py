"""What would run on the supernet unseen is refused when the supernet is made, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from types import MethodType

from torch import nn
from torch.nn.parameter import is_lazy

from bnao.errors import SettingError


def check_clonable(root: nn.Module) -> None:
    """Raise SettingError where a path's clone would secretly use the original's modules.

    That is: modules, bound methods of modules, partials or containers of either kept as plain attributes; a ``forward``
    of one instance; lazy modules whose parameters do not exist yet.
    """
    for path, module in root.named_modules():
        where = f"module {path or '(the network itself)'} ({type(module).__name__})"
        if "forward" in module.__dict__:
            raise SettingError(f"{where} has a forward of its own instance: define forward in its class")
        if any(is_lazy(tensor) for tensor in module._parameters.values() if tensor is not None):
            raise SettingError(f"{where} is lazy and has no weights yet: run it once on a batch before the search")
        for name, value in module.__dict__.items():
            if name.startswith("_") and name in nn.Module().__dict__:
                continue
            if any(_holds_module(item) for item in _flatten(value)):
                raise SettingError(
                    f"modules are found through the module tree, but {where} keeps one in its plain attribute "
                    f"{name!r}: use nn.ModuleList or nn.ModuleDict, and no bound methods of modules"
                )


def _holds_module(value: object) -> bool:
    if isinstance(value, MethodType):
        return isinstance(value.__self__, nn.Module)
    return isinstance(value, nn.Module)


def _flatten(value: object, depth: int = 3) -> Iterable[object]:
    if depth and isinstance(value, dict):
        for item in value.values():
            yield from _flatten(item, depth - 1)
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _flatten(item, depth - 1)
    elif depth and isinstance(value, partial):
        yield from _flatten((value.func, value.args, value.keywords), depth)
    else:
        yield value
