"""What to call next: a command, or a Python function where the run was given a model or data in Python."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from bnao.data.words import GIVEN
from bnao.recipes import load_recipe, load_train_recipe, recipe_names, train_recipe_names
from bnao.settings import flatten, in_words, to_dict


def needs_python(config: Mapping[str, Any]) -> bool:
    """Whether a run with these settings goes on from Python alone, with what it was given there.

    >>> needs_python({"data": {"source": "own"}}), needs_python({"data": {"source": "sample"}})
    (True, False)
    """
    own_model = config.get("space", {}).get("name") == GIVEN and not config.get("plugins")
    functions = GIVEN in (config.get("objective", {}).get(name) for name in ("loss", "metric"))
    return config.get("data", {}).get("source") == GIVEN or own_model or functions


def resume_call(path: object, config: Mapping[str, Any]) -> str:
    """How to go on with the run.

    >>> resume_call("runs/a", {}), resume_call("runs/a", {"data": {"source": "own"}})
    ('bnao resume runs/a', "bnao.resume('runs/a', ...)")
    """
    return f"bnao.resume({str(path)!r}, ...)" if needs_python(config) else f"bnao resume {path}"


def rank_call(path: object, config: Mapping[str, Any], architectures: int | None = None) -> str:
    """How to measure the ranking, or go on with it; without a number it fits any pool and any ranking that was begun.

    >>> rank_call("runs/a", {}), rank_call("runs/a", {"data": {"source": "own"}})
    ('bnao rank runs/a', "bnao.rank('runs/a', ...)")
    >>> rank_call("runs/a", {}, 80), rank_call("runs/a", {"data": {"source": "own"}}, 80)
    ('bnao rank runs/a --architectures 80', "bnao.rank('runs/a', 80, ...)")
    """
    if needs_python(config):
        return f"bnao.rank({str(path)!r}, {'' if architectures is None else f'{architectures}, '}...)"
    return f"bnao rank {path}" + ("" if architectures is None else f" --architectures {architectures}")


def pick_call(path: object, config: Mapping[str, Any], max_params: int) -> str:
    """How to ask for another budget.

    >>> pick_call("runs/a", {"data": {"source": "own"}}, 100)
    "bnao.pick('runs/a', 'runs/small', max_params=100, ...)"
    """
    if needs_python(config):
        return f"bnao.pick({str(path)!r}, 'runs/small', max_params={max_params}, ...)"
    return f"bnao pick {path} --max-params {max_params}"


def search_again_call(path: object, recipe: str, config: Mapping[str, Any]) -> str:
    """The same search with the next seed.

    >>> search_again_call("runs/a", "demo", {"seed": 1, "data": {"source": "my photos"}, "loop": {"pool": 50}})
    "bnao search --recipe demo --data.source 'my photos' --loop.pool 50 --seed 2 --out runs/a-seed-2"
    >>> search_again_call("runs/a", "custom", {"seed": 1})
    'the same command, with --seed 2'
    >>> search_again_call("runs/a", "custom", {"seed": 1, "data": {"source": "own"}})
    'bnao.search(..., seed=2)'
    """
    seed = _next_seed(config)
    if needs_python(config):
        return f"bnao.search(..., seed={seed})"
    if recipe not in recipe_names():
        return f"the same command, with --seed {seed}"
    unset = {"max_minutes"}  # the settings that it was fitted to are there
    changes = _changes(config, to_dict(load_recipe(recipe)), unset)
    return _command(["search", "--recipe", recipe, *changes], path, seed)


def train_again_call(path: object, recipe: str, config: Mapping[str, Any]) -> str:
    """The same training with the next seed; its space and its plugins come with the run.

    >>> train_again_call("runs/a", "cifar10-final", {"seed": 0, "architecture": "0 1", "training": {"epochs": 9.0}})
    'bnao train --recipe cifar10-final --arch runs/a --training.epochs 9.0 --seed 1 --out runs/a-seed-1'
    """
    seed = _next_seed(config)
    if recipe not in train_recipe_names():
        return f"the same command, with --seed {seed}"
    unset = {"architecture", "plugins"} | {f"space.{name}" for name in config.get("space", {})}
    if config.get("max_macs") is not None:
        unset.add("network.channels")  # it follows from max_macs
    changes = _changes(config, to_dict(load_train_recipe(recipe)), unset)
    return _command(["train", "--recipe", recipe, "--arch", str(path), *changes], path, seed)


def _next_seed(config: Mapping[str, Any]) -> int:
    seed = config.get("seed")
    return seed + 1 if isinstance(seed, int) else 1


def _changes(config: Mapping[str, Any], usual: Mapping[str, Any], unset: set[str]) -> list[str]:
    """Flags for all that differs from the recipe, but for the seed and ``unset``."""
    texts = {name: in_words(value) for name, value in flatten(usual).items() if name not in {"seed", *unset}}
    changed = {name: in_words(value) for name, value in flatten(config).items() if name in texts}
    words = [("--" + name.replace("_", "-"), text) for name, text in changed.items() if text != texts[name]]
    return [word for pair in words for word in pair]


def _command(words: list[str], path: object, seed: int) -> str:
    return shlex.join(["bnao", *words, "--seed", str(seed), "--out", f"{path}-seed-{seed}"])
