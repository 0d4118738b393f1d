"""Names of a package that are imported when they are first used, so that its light modules need nothing heavy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def imported_on_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``package``: a name of ``homes`` is that of the package's module which stands beside it.

    It raises AttributeError for any other name.

    >>> imported_on_use("bnao.data", {"DataConfig": "config"})("DataConfig")().resolution is None
    True
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return get
