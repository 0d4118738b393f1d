"""Every field of the configuration as a flag: a function signature made from the tree of settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args, get_origin

from cyclopts import Group, Parameter

from bnao.loop.config import SearchConfig
from bnao.settings import Leaf, in_words, leaves
from bnao.settings.values import optional

TITLES = {
    "": "Run",
    "data": "data: images and how they are divided",
    "objective": "objective: what is learned, and what networks are judged by",
    "space": "space: which architectures",
    "limits": "limits: what the delivered network may cost",
    "sampling": "sampling: which architecture a step trains",
    "supernet": "supernet: shared weights",
    "scoring": "scoring: with the shared weights",
    "controller": "controller: how architectures are proposed",
    "loop": "loop: rounds of the search",
    "check": "check: is the ranking worth going on, after round 1",
    "rerank": "rerank: the best, trained alone",
    "final": "final: the winner's training",
}
"""Sections of a search's settings, in the order of the help."""


def _group(name: str, titles: Mapping[str, str]) -> Group:
    section = name.partition(".")[0] if "." in name else ""
    return Group(titles[section], sort_key=list(titles).index(section) + 1)


def _help(leaf: Leaf) -> str:
    text = leaf.doc.replace("None", "none") or leaf.name.rsplit(".", 1)[-1].replace("_", " ")
    return f"{text} [{in_words(leaf.value)}]"


def _metavar(kind: Any) -> str:
    """What a value looks like: ``INT|none``, ``loss|accuracy``, ``TEXT,...``."""
    inner, nullable = optional(kind)
    plain = {int: "INT", float: "NUMBER", str: "TEXT", bool: "BOOL"}
    if get_origin(inner) is tuple:
        words = f"{plain[get_args(inner)[0]]},..."
    else:
        words = "|".join(get_args(inner)) or plain[inner]
    return f"{words}|none" if nullable else words


def flag(name: str) -> str:
    """The flag that sets the field with this dotted name.

    >>> flag("supernet.training.batch_size")
    '--supernet.training.batch-size'
    """
    return "--" + name.replace("_", "-")


def _parameter(leaf: Leaf, titles: Mapping[str, str]) -> inspect.Parameter:
    kind = bool if optional(leaf.kind)[0] is bool else str
    section, _, last = leaf.name.rpartition(".")
    options: dict[str, Any] = {"help": _help(leaf), "group": _group(leaf.name, titles), "show_default": False}
    if kind is bool:
        options["negative"] = flag(f"{section}.no-{last}" if section else f"no-{last}")
    else:
        options |= {"allow_leading_hyphen": True, "metavar": _metavar(leaf.kind)}
    return inspect.Parameter(
        leaf.name.replace(".", "__"),
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, Parameter(name=flag(leaf.name), **options)],
    )


def with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """``command(*own, flags={dotted name: text})`` as a command that has a flag for every field of a search."""
    return with_fields_of(SearchConfig(), TITLES)(command)


def with_fields_of(config: object, titles: Mapping[str, str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same for any tree of settings; ``titles`` are those of its sections, "" of what is in none."""
    return lambda command: _with_leaves(command, leaves(config), titles)


def _with_leaves(
    command: Callable[..., None], known: Mapping[str, Leaf], titles: Mapping[str, str]
) -> Callable[..., None]:
    by_argument = {name.replace(".", "__"): name for name in known}

    def with_flags(*args: Any, **given: Any) -> None:
        flags = {by_argument[k]: str(given.pop(k)) for k in list(given) if k in by_argument and given[k] is not None}
        given = {k: value for k, value in given.items() if k not in by_argument}
        command(*args, **given, flags=flags)

    own = inspect.signature(command, eval_str=True)
    kept = [p for p in own.parameters.values() if p.name != "flags"]
    signature = own.replace(parameters=[*kept, *(_parameter(leaf, titles) for leaf in known.values())])
    with_flags.__doc__, with_flags.__name__ = command.__doc__, command.__name__
    with_flags.__signature__ = signature  # type: ignore[attr-defined]
    with_flags.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return with_flags
