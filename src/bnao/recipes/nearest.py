"""The settings that a configuration was begun with, as far as the configuration itself tells."""

from __future__ import annotations

from typing import Any

from bnao.loop.config import SearchConfig
from bnao.recipes.load import load_recipe, recipe_names
from bnao.settings import flatten, to_dict


def usual_settings(config: SearchConfig) -> SearchConfig:
    """What was not chosen by whoever set ``config``: the recipe that has most of its values, or the defaults.

    A run with another run's supernet is a pick: all its settings are the other's.

    >>> from bnao.settings import update
    >>> usual_settings(update(load_recipe("demo"), {"seed": 3, "loop": {"rounds": 1}})) == load_recipe("demo")
    True
    """
    if config.supernet.source is not None:
        return config
    values = _values(config)

    def differing(other: SearchConfig) -> int:
        theirs = _values(other)
        return sum(theirs.get(name) != value for name, value in values.items())

    return min((SearchConfig(), *map(load_recipe, recipe_names())), key=differing)


def _values(config: SearchConfig) -> dict[str, Any]:
    return flatten(to_dict(config))
