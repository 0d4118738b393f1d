"""Finding and reading the recipes that ship with the package.

A file here is the recipe of a search, one in ``training/`` that of a network's last training. ``NAME-small.toml`` holds
what differs from ``NAME``: the same at a scale that takes seconds, on which tests run all of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from bnao.errors import SettingError, unknown_name
from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig
from bnao.settings import update_from_toml

_FOLDER = Path(__file__).parent
_TRAINING = _FOLDER / "training"
_SMALL = "-small"

C = TypeVar("C", SearchConfig, TrainConfig)


def recipe_names() -> tuple[str, ...]:
    """Names of the recipes of searches, sorted.

    >>> "demo" in recipe_names()
    True
    """
    return _names(_FOLDER)


def train_recipe_names() -> tuple[str, ...]:
    """Names of the recipes of trainings, sorted.

    >>> train_recipe_names()
    ('cifar10-final', 'cifar10-final-small', 'imagenet-final', 'imagenet-final-small')
    """
    return _names(_TRAINING)


def load_recipe(name: str) -> SearchConfig:
    """The search called ``name``. Raises SettingError with the nearest name if there is none.

    >>> load_recipe("demo").data.resolution
    16
    """
    if name in train_recipe_names():
        raise SettingError(f"{name!r} is the recipe of a training: give it to `bnao train`, or bnao.train")
    return _load(SearchConfig(), _FOLDER, name)


def load_train_recipe(name: str) -> TrainConfig:
    """The training called ``name``. Raises SettingError with the nearest name if there is none.

    >>> load_train_recipe("cifar10-final").training.epochs
    600.0
    """
    if name in recipe_names():
        raise SettingError(f"{name!r} is the recipe of a search: give it to `bnao search`, or bnao.search")
    return _load(TrainConfig(), _TRAINING, name)


def describe_recipe(name: str) -> str:
    """The recipe's one-line description: the first comment of its file. Raises SettingError for an unknown name."""
    folder = _TRAINING if name in train_recipe_names() else _FOLDER
    with _path(folder, name).open(encoding="utf-8") as lines:
        return next(lines).lstrip("# ").strip()


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def _load(config: C, folder: Path, name: str) -> C:
    path = _path(folder, name)
    if name.endswith(_SMALL):
        config = update_from_toml(config, _path(folder, name.removesuffix(_SMALL)))
    return update_from_toml(config, path)


def _path(folder: Path, name: str) -> Path:
    known = _names(folder)
    if name not in known:
        if name.endswith(".toml") or "/" in name:
            names = ", ".join(known)
            raise SettingError(f"a recipe has a name, {names}; received the path {name!r}: give a file as --config")
        raise unknown_name("recipe", name, known)
    return folder / f"{name}.toml"
