"""Which decisions a network with open choices asks for, and when each of its modules is on the path."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import ReferenceType

from torch import nn

from bnao.errors import SettingError
from bnao.spaces.own.conditions import (
    EVERYWHERE,
    Condition,
    Route,
    mentioned,
    narrowed,
    simplified,
)
from bnao.spaces.own.open_choice import OpenChoice

MOST_PLACES = 200_000
"""Places of modules, one that is shared counted at each; more are refused."""


@dataclass(frozen=True)
class Decision:
    """What choices of one name decide together, or one choice without a name decides.

    ``label`` is the name, or the choice's path in the network; ``kind`` is what is decided, in a word; ``options`` are
    the names of what may be decided; ``reached`` is the condition on earlier decisions under which it is decided.
    """

    label: str
    kind: str
    options: tuple[str, ...]
    reached: Condition


@dataclass(frozen=True)
class Layout:
    """The decisions in order, parents before those nested in their options, and when modules are on the path."""

    decisions: tuple[Decision, ...]
    conditions: Mapping[int, Condition]
    """By the id of each module that may be on a path."""
    paths: Mapping[int, str]
    """The first place of each of these modules: ``blocks.0[k3].conv`` is within an option of ``blocks.0``."""


def lay_out(root: nn.Module, created: Sequence[ReferenceType[OpenChoice]]) -> Layout:
    """The layout of ``root``, whose choices are told the positions of their decisions.

    ``created`` are the choices that were made along with it: each one must be found in the module tree, or be gone
    (replaced, as a subclass may do). Raises SettingError where one is not, or where decisions contradict one another.
    """
    walk = _Walk(root)
    if _lost(created, walk.paths):
        gc.collect()  # one that was replaced may wait for this
    lost = _lost(created, walk.paths)
    if lost:
        raise SettingError(
            f"every choice stands in the module tree; received {lost[0].describe()}, which was made but is not found: "
            "is it kept in a plain list, dict, tuple or function? Keep it as an attribute of its module, in "
            "nn.Sequential, nn.ModuleList or nn.ModuleDict"
        )
    choices = walk.choices
    if not choices:
        raise SettingError("a space has one choice or more; received a network without OneOf or Repeat: put one in")
    groups = _groups(choices, walk.paths)
    numbers = {id(choice): number for number, (_, group) in enumerate(groups) for choice in group}
    sizes = [len(group[0].option_names) for _, group in groups]
    routes = walk.routes(numbers, sizes)
    reached = [_reached(number, group, routes) for number, (_, group) in enumerate(groups)]
    for (label, _), condition in zip(groups, reached, strict=True):
        if not condition:
            raise SettingError(
                f"every choice is reached by some architecture; received {label!r}, which only stands where choices "
                "of one name would take two options at once: rename one of them"
            )
    order = _ordered([label for label, _ in groups], reached)
    for position, number in enumerate(order):
        for choice in groups[number][1]:
            choice.position = position
    position_of = {number: position for position, number in enumerate(order)}
    found = walk.routes({key: position_of[number] for key, number in numbers.items()}, [sizes[n] for n in order])
    decisions = []
    for position, number in enumerate(order):
        label, group = groups[number]
        condition = _reached(position, group, found)
        decisions.append(Decision(label, group[0].kind, group[0].option_names, condition))
    return Layout(tuple(decisions), {key: simplified(routes) for key, routes in found.items()}, walk.paths)


def _lost(created: Sequence[ReferenceType[OpenChoice]], paths: Mapping[int, str]) -> list[OpenChoice]:
    """Choices that exist, but not in the module tree."""
    alive = [reference() for reference in created]
    return [choice for choice in alive if choice is not None and id(choice) not in paths]


class _Walk:
    """The modules that may be on a path, in the order of the module tree."""

    def __init__(self, root: nn.Module) -> None:
        self._root = root
        self.paths: dict[int, str] = {}
        self.choices: list[OpenChoice] = []
        self._name(root, "")

    def _name(self, module: nn.Module, path: str) -> None:
        if id(module) in self.paths:
            return
        self.paths[id(module)] = path
        if isinstance(module, OpenChoice):
            self.choices.append(module)
            for part, child, _ in module.parts():
                self._name(child, f"{path}[{part}]")
        else:
            for name, below in module._modules.items():
                if below is not None:
                    self._name(below, f"{path}.{name}" if path else name)

    def routes(self, numbers: Mapping[int, int], sizes: Sequence[int]) -> dict[int, list[Route]]:
        """All routes to each module; ``numbers`` are the decisions of choices, by id, and ``sizes`` their options."""
        found: dict[int, dict[Route, None]] = {}
        stack: list[tuple[nn.Module, Route]] = [(self._root, EVERYWHERE)]
        places = 0
        while stack:
            module, route = stack.pop()
            routes = found.setdefault(id(module), {})
            if route in routes:
                continue
            routes[route] = None
            places += 1
            if places > MOST_PLACES:
                raise SettingError(
                    f"modules stand in at most {MOST_PLACES:,} places; received more, by sharing modules that hold "
                    "shared modules: share fewer of them"
                )
            if isinstance(module, OpenChoice):
                number = numbers[id(module)]
                for _, child, options in module.parts():
                    narrow = narrowed(route, number, options, sizes[number])
                    if narrow is not None:
                        stack.append((child, narrow))
            else:
                stack += [(below, route) for below in module._modules.values() if below is not None]
        return {key: list(routes) for key, routes in found.items()}


def _groups(choices: Sequence[OpenChoice], paths: Mapping[int, str]) -> list[tuple[str, list[OpenChoice]]]:
    """Choices by decision, with its label, in the order of the module tree."""
    named: dict[str, list[OpenChoice]] = {}
    groups: list[tuple[str, list[OpenChoice]]] = []
    for choice in choices:
        if choice.name is None:
            groups.append((paths[id(choice)] or "network", [choice]))
        elif choice.name in named:
            first = named[choice.name][0]
            if first.option_names != choice.option_names:
                raise SettingError(
                    f"choices of one name have the same options in the same order; received {choice.describe()} at "
                    f"{paths[id(choice)]!r} and {first.describe()} at {paths[id(first)]!r}: give one another name"
                )
            named[choice.name].append(choice)
        else:
            named[choice.name] = [choice]
            groups.append((choice.name, named[choice.name]))
    labels = [label for label, _ in groups]
    for label in labels:
        if labels.count(label) > 1:
            raise SettingError(
                f"a name of choices is not the path of another choice; received {label!r} as both: choose another name"
            )
    return groups


def _reached(number: int, group: Sequence[OpenChoice], routes: Mapping[int, Sequence[Route]]) -> Condition:
    """When one of the choices is reached; a route through another choice of the group says nothing new."""
    ways = [route for choice in group for route in routes.get(id(choice), ())]
    return simplified(route for route in ways if number not in mentioned(frozenset({route})))


def _ordered(labels: Sequence[str], reached: Sequence[Condition]) -> list[int]:
    """Decisions so that each comes after those that it depends on, else as they stand."""
    order: list[int] = []
    waiting = list(range(len(labels)))
    while waiting:
        ready = next((number for number in waiting if mentioned(reached[number]) <= set(order)), None)
        if ready is None:
            circle = ", ".join(repr(labels[number]) for number in waiting[:4])
            raise SettingError(
                f"decisions do not depend on each other in a circle; received {circle}, each within options of "
                "another: give the inner choices names of their own"
            )
        order.append(ready)
        waiting.remove(ready)
    return order
