"""Making the user's network: what can be wrong with it is refused with the reason.

A *construction* is one network that ``build()`` made, laid out; the user's initial weights stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from bnao.errors import BnaoError, SettingError, require
from bnao.spaces.clonable import check_clonable
from bnao.spaces.own.layout import Decision, Layout, lay_out
from bnao.spaces.own.open_choice import recorded_choices


@dataclass(frozen=True)
class Construction:
    """One network with open choices, and its layout."""

    module: nn.Module
    layout: Layout


def construct(build: Callable[[], nn.Module]) -> Construction:
    """A new network. Raises SettingError where ``build`` fails, or makes no network with choices that can be found."""
    if isinstance(build, nn.Module):
        raise SettingError(
            f"build is a function or class that makes the network; received a {type(build).__name__} that is made "
            "already: give its class, or a lambda that makes it"
        )
    require(callable(build), "build is a function or class that makes the network", build, "give the class")
    with recorded_choices() as created:
        try:
            module = build()
        except BnaoError:
            raise
        except Exception as error:
            raise SettingError(
                f"build() makes the network without arguments; received {type(error).__name__} from it: {error}; "
                "mend it, or give a lambda that fills in the arguments"
            ) from error
    if not isinstance(module, nn.Module):
        raise SettingError(f"build() makes a torch.nn.Module; received {type(module).__name__} from it: return it")
    layout = lay_out(module, created)
    check_clonable(module)
    return Construction(module, layout)


def construct_unseen(build: Callable[[], nn.Module]) -> Construction:
    """A new network for looking at: random numbers that are drawn for it are not missing elsewhere."""
    with torch.random.fork_rng(devices=[]):
        return construct(build)


def require_alike(one: Construction, other: Construction) -> None:
    """Raise SettingError unless two constructions have the same decisions, modules, and names and shapes of tensors."""
    for what, aspect in (("decisions", _decisions), ("modules", _modules), ("parameters and buffers", _tensors)):
        first, second = aspect(one), aspect(other)
        if first != second:
            differing = next(
                (key, first.get(key, "nothing"), second.get(key, "nothing"))
                for key in [*first, *second]
                if first.get(key) != second.get(key)
            )
            raise SettingError(
                f"build() makes the same network each time; received other {what}: at {differing[0]!r} "
                f"{differing[1]} and then {differing[2]}: let nothing but initial weights be random"
            )


def require_laid_out(made: Construction, decisions: Sequence[Decision]) -> None:
    """Raise SettingError unless a construction has the decisions that the space was laid out with."""
    if made.layout.decisions != tuple(decisions):
        raise SettingError(
            "build() makes the same network each time; received other decisions than when the space was made: "
            f"{', '.join(d.label for d in made.layout.decisions[:8])}: let nothing but initial weights be random"
        )


def _decisions(made: Construction) -> dict[str, str]:
    return {d.label: f"{d.kind} of {', '.join(d.options)}" for d in made.layout.decisions}


def _modules(made: Construction) -> dict[str, str]:
    return {path or "(the network itself)": type(module).__name__ for path, module in made.module.named_modules()}


def _tensors(made: Construction) -> dict[str, str]:
    tensors = [*made.module.named_parameters(), *made.module.named_buffers()]
    return {name: f"{tuple(tensor.shape)} {tensor.dtype}" for name, tensor in tensors}
