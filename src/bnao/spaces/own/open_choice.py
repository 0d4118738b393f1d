"""What OneOf and Repeat have in common: named options, one decision, and parts that some options put on the path."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, TypeAlias
from weakref import ReferenceType, ref

from torch import nn

from bnao.arch import Architecture
from bnao.errors import SettingError, require

Factory: TypeAlias = Callable[[], nn.Module]
"""A function, or class, that makes a module."""

_RECORD: ContextVar[list[ReferenceType[OpenChoice]] | None] = ContextVar("bnao_open_choices", default=None)


@contextmanager
def recorded_choices() -> Iterator[list[ReferenceType[OpenChoice]]]:
    """Collects the choices that are made within the block, and keeps none of them alive."""
    found: list[ReferenceType[OpenChoice]] = []
    before = _RECORD.set(found)
    try:
        yield found
    finally:
        _RECORD.reset(before)


class OpenChoice(nn.Module, ABC):
    """A place of a network that an architecture decides. ``options`` are the names of what it may decide.

    ``name``: choices of one name are one decision. ``position`` is the decision's place in an architecture's tokens,
    set when the network is laid out.
    """

    def __init__(self, option_names: Sequence[str], name: str | None) -> None:
        super().__init__()
        require(
            name is None or (isinstance(name, str) and _is_text(name)),
            "the name of a choice is text that can be printed, and not empty",
            name,
            'write for example name="width"',
        )
        self.option_names, self.name = tuple(option_names), name
        self.position: int | None = None
        record = _RECORD.get()
        if record is not None:
            record.append(ref(self))

    @property
    @abstractmethod
    def kind(self) -> str:
        """What is decided, in a word."""

    @abstractmethod
    def parts(self) -> Iterator[tuple[str, nn.Module, frozenset[int]]]:
        """The modules it holds: how a path names each, and the options that put it on the path."""

    @abstractmethod
    def chosen(self, option: int) -> nn.Module:
        """The module of an option."""

    def resolve(self, architecture: Architecture) -> nn.Module:
        """The module that the architecture chooses; it may hold choices itself, and shares this one's weights."""
        assert self.position is not None, f"{self} is resolved before its network was laid out by OwnSpace"
        option = architecture.tokens[self.position]
        assert option < len(self.option_names), f"{self} is on a path on which its decision is absent"
        return self.chosen(option)

    def forward(self, *inputs: Any, **named: Any) -> NoReturn:
        """A choice cannot run: raises AssertionError. Run ``supernet.path(architecture)`` instead."""
        raise AssertionError(
            f"an unresolved choice was called, {self.describe()}: a network with open choices cannot run as it is; "
            "run supernet.path(architecture), or skeleton.build_standalone(architecture).module"
        )

    def describe(self) -> str:
        """Such as ``OneOf(k3, k5, skip)``."""
        shown = ", ".join(self.option_names[:8]) + (", ..." if len(self.option_names) > 8 else "")
        return f"{type(self).__name__}({shown}" + (")" if self.name is None else f", name={self.name!r})")


def built(factory: Factory, what: str) -> nn.Module:
    """What a factory makes. Raises SettingError where it is no factory, or makes something else than a module."""
    if isinstance(factory, nn.Module):
        raise SettingError(
            f"{what} is a function that makes a module; received a {type(factory).__name__} that is made already: "
            "wrap it in a lambda, so that each network has one of its own"
        )
    require(callable(factory), f"{what} is a function that makes a module", factory, "give a class or a lambda")
    module = factory()
    if not isinstance(module, nn.Module):
        raise SettingError(
            f"{what} makes a torch.nn.Module; received {type(module).__name__} from it: return the module"
        )
    return module


def option_text(name: object) -> str:
    """An option's name as text. Raises SettingError unless it is text or a whole number."""
    fine = isinstance(name, (str, int)) and not isinstance(name, bool) and _is_text(str(name))
    require(fine, "options are named by text that can be printed, or whole numbers", name, "rename the option")
    return str(name)


def _is_text(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()
