"""``bnao list``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

from bnao.registry import Registry

Descriptions = dict[str, str]
Kind = Literal["recipes", "spaces", "ops", "policies", "proposers", "data"]


def first_line(part: object) -> str:
    """The first paragraph of a part's docstring, as one line without marks.

    >>> first_line(Registry)
    'Maps names to parts of one kind (operations, policies, ...).'
    """
    return " ".join((inspect.getdoc(part) or "").split("\n\n")[0].split()).replace("``", "")


def _registered(registry: Registry[Any]) -> Descriptions:
    return {name: first_line(registry.get(name)) for name in registry.names()}


def _recipes() -> Descriptions:
    from bnao.recipes import describe_recipe, recipe_names, train_recipe_names

    searches = {name: describe_recipe(name) for name in recipe_names()}
    return searches | {name: f"(bnao train) {describe_recipe(name)}" for name in train_recipe_names()}


def _spaces() -> Descriptions:
    from bnao.spaces import load_spaces
    from bnao.spaces.base import SPACES

    load_spaces()
    return _registered(SPACES)


def _ops() -> Descriptions:
    from bnao.ops import OPERATIONS

    return _registered(OPERATIONS)


def _policies() -> Descriptions:
    from bnao.sampling import POLICIES

    return _registered(POLICIES)


def _proposers() -> Descriptions:
    from bnao.controller import PROPOSERS

    return _registered(PROPOSERS)


def _data() -> Descriptions:
    from bnao.data import SOURCES

    return {name: SOURCES.get(name).summary for name in SOURCES.names()}


TABLES: dict[str, Callable[[], Descriptions]] = {
    "recipes": _recipes,
    "spaces": _spaces,
    "ops": _ops,
    "policies": _policies,
    "proposers": _proposers,
    "data": _data,
}


def list_parts(kind: Kind | None = None, /) -> None:
    """List what can be chosen, each with a line of description.

    Parameters
    ----------
    kind
        one table; all of them if left out
    """
    from rich.console import Console

    from bnao.report.lists import print_list

    console = Console()
    for name in TABLES if kind is None else (kind,):
        print_list(name, TABLES[name](), console)
