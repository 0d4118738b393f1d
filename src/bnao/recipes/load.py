"""Finding and reading the recipes that ship with the package."""

from __future__ import annotations

from pathlib import Path

from bnao.errors import SettingError, unknown_name
from bnao.loop.config import SearchConfig
from bnao.settings import update_from_toml

_FOLDER = Path(__file__).parent


def recipe_names() -> tuple[str, ...]:
    """Names of all recipes, sorted.

    >>> recipe_names()
    ('cifar10-search', 'demo', 'mobile-demo', 'own')
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def _path(name: str) -> Path:
    if name not in recipe_names():
        if name.endswith(".toml") or "/" in name:
            known = ", ".join(recipe_names())
            raise SettingError(f"a recipe has a name, {known}; received the path {name!r}: give a file as --config")
        raise unknown_name("recipe", name, recipe_names())
    return _FOLDER / f"{name}.toml"


def load_recipe(name: str) -> SearchConfig:
    """The configuration called ``name``. Raises SettingError with the nearest name if there is none.

    >>> load_recipe("demo").data.resolution
    16
    """
    return update_from_toml(SearchConfig(), _path(name))


def describe_recipe(name: str) -> str:
    """The recipe's one-line description: the first comment of its file. Raises SettingError for an unknown name."""
    with _path(name).open(encoding="utf-8") as lines:
        return next(lines).lstrip("# ").strip()
