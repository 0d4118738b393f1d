"""A table of named parts. Registration is explicit; a duplicate name is an error."""

from __future__ import annotations

from importlib import import_module
from typing import Generic, TypeVar

from bnao.errors import SettingError, unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """Maps names to parts of one kind (operations, policies, ...).

    ``kind`` is the word used in messages, such as ``"operation"``. ``shipped`` names a module whose import registers
    the parts that ship; it is imported before the first use, so that importing the registry alone stays light.
    """

    def __init__(self, kind: str, *, shipped: str | None = None) -> None:
        self.kind = kind
        self._parts: dict[str, T] = {}
        self._shipped = shipped

    def register(self, name: str, part: T) -> T:
        """Add ``part`` under ``name``. Raises SettingError if the name is taken."""
        self._load()
        if name in self._parts:
            raise SettingError(f"{self.kind} names are unique; {name!r} is registered already: choose another name")
        self._parts[name] = part
        return part

    def get(self, name: str) -> T:
        """The part called ``name``. Raises SettingError with the nearest name if there is none."""
        self._load()
        if name not in self._parts:
            raise unknown_name(self.kind, name, self._parts)
        return self._parts[name]

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        self._load()
        return tuple(sorted(self._parts))

    def _load(self) -> None:
        shipped, self._shipped = self._shipped, None
        if shipped is not None:
            import_module(shipped)
