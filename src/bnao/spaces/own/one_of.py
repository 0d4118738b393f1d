"""One of several modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar, final

from torch import nn

from bnao.errors import SettingError, require
from bnao.spaces.own.open_choice import Factory, OpenChoice, built, option_text

_Name = TypeVar("_Name", bound=str | int)


@final
class OneOf(OpenChoice):
    """A place in your network where one of several modules stands; which one, the search finds out.

    ``options``: name -> a function (a class, a lambda) that makes the module, two or more. Names are text or whole
    numbers. The modules may hold choices themselves. ``name``: all choices of one name take the same option, each with
    weights of its own, so their options must have the same names in the same order; widths that must agree are written
    this way. Raises SettingError.

    >>> import bnao
    >>> from torch import nn
    >>> first = bnao.OneOf({16: lambda: nn.Conv2d(3, 16, 3), 32: lambda: nn.Conv2d(3, 32, 3)}, name="width")
    >>> second = bnao.OneOf({16: lambda: nn.Conv2d(16, 8, 3), 32: lambda: nn.Conv2d(32, 8, 3)}, name="width")
    >>> bnao.OneOf({"k3": lambda: nn.Conv2d(8, 8, 3, padding=1), "skip": nn.Identity}).option_names
    ('k3', 'skip')
    """

    def __init__(self, options: Mapping[_Name, Factory], *, name: str | None = None) -> None:
        if not isinstance(options, Mapping):
            raise SettingError(
                "OneOf takes a mapping from names to functions that make modules; received "
                f'{type(options).__name__}: write OneOf({{"a": lambda: ..., "b": lambda: ...}})'
            )
        names = [option_text(option) for option in options]
        require(len(names) >= 2, "OneOf has two options or more", names, "name another one, or use the module itself")
        require(len(set(names)) == len(names), "options have distinct names", names, "rename one of them")
        super().__init__(names, name)
        factories = zip(names, options.values(), strict=True)
        self.options = nn.ModuleList(built(factory, f"option {option!r}") for option, factory in factories)

    @property
    def kind(self) -> str:
        """``option``."""
        return "option"

    def parts(self) -> Iterator[tuple[str, nn.Module, frozenset[int]]]:
        for number, (option, module) in enumerate(zip(self.option_names, self.options, strict=True)):
            yield option, module, frozenset({number})

    def chosen(self, option: int) -> nn.Module:
        return self.options[option]
