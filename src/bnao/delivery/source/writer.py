"""Expressions of modules as text, and the classes that they need.

A number of channels is written ``«20»``, so that a class can say it in terms of its own argument; ``plain`` removes the
marks. A network is written twice: the first time to learn which arguments of a class differ from use to use, the second
time with the others put into the class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias, final

from torch import nn

from bnao.delivery.source.layer_kind import LayerKind, Use, Value

Emit: TypeAlias = "Callable[[nn.Module, Writer], str]"
"""Writes the expression of one module, and asks the writer for what it needs."""

_WIDTH = re.compile(r"«(\d+)»")


class Unwritable(Exception):
    """A module that no source is known for; the message says which."""


def width(channels: int) -> str:
    """A number of channels, marked.

    >>> plain(f"nn.BatchNorm2d({width(20)})")
    'nn.BatchNorm2d(20)'
    """
    return f"«{channels}»"


def widths(text: str) -> list[int]:
    """All marked numbers of a text, in its order."""
    return [int(number) for number in _WIDTH.findall(text)]


def plain(text: str) -> str:
    """The text without marks."""
    return _WIDTH.sub(r"\1", text)


def in_terms_of(text: str, channels: int, name: str) -> str:
    """The text with marked numbers as multiples or parts of ``channels``, which is called ``name``.

    >>> in_terms_of("nn.Conv2d(«20», «40», 1, bias=False)", 20, "c")
    'nn.Conv2d(c, 2 * c, 1, bias=False)'
    """

    def term(match: re.Match[str]) -> str:
        number = int(match[1])
        if number == channels:
            return name
        if number % channels == 0:
            return f"{number // channels} * {name}"
        return f"{name} // {channels // number}" if channels % number == 0 else match[1]

    return _WIDTH.sub(term, text)


@final
class Writer:
    """Collects the classes of a source while its modules are written; ``emitters`` by exact class of a module.

    ``known`` are the uses that an earlier writer of the same network has seen.
    """

    def __init__(self, emitters: Mapping[type[nn.Module], Emit], known: Mapping[str, list[Use]] | None = None) -> None:
        self.uses: dict[str, list[Use]] = {}
        self._emitters, self._known = emitters, known or {}
        self._classes: dict[str, str] = {}

    def module(self, module: nn.Module) -> str:
        """The expression of a module. Raises Unwritable for a class that no emitter knows."""
        kind = type(module)
        if kind not in self._emitters:
            raise Unwritable(f"{kind.__module__}.{kind.__qualname__} has no source that needs torch alone")
        if module._forward_hooks or module._forward_pre_hooks:
            raise Unwritable(f"a {kind.__qualname__} has hooks, which no source shows")
        return self._emitters[kind](module, self)

    def layer(self, kind: LayerKind, **arguments: Value) -> str:
        """The call of a class of the file, which gets its place in it at the first call."""
        use = {name: arguments[name] for name in kind.parameters}
        self.uses.setdefault(kind.name, []).append(use)
        signature = kind.signature(self._known.get(kind.name, [use]))
        for needed in kind.needs:
            self._classes.setdefault(needed.name, needed.source(needed.signature(())))
        self._classes.setdefault(kind.name, plain(kind.source(signature)))
        return kind.call(signature, use)

    def own_class(self, name: str, body: str) -> str:
        """The name of a class with this body (``class $name...``): ``name``, with a number where it is taken."""
        number, free = 1, name
        while self._classes.get(free, body.replace("$name", free)) != body.replace("$name", free):
            number += 1
            free = f"{name}{number}"
        self._classes.setdefault(free, body.replace("$name", free))
        return free

    @property
    def classes(self) -> list[str]:
        """Sources of the classes, what is needed first."""
        return list(self._classes.values())
