"""Parameters by the condition under which they are part of the network."""

from __future__ import annotations

from bnao.spaces.own.conditions import Condition, Route, simplified
from bnao.spaces.own.construction import Construction


def params_by_condition(made: Construction) -> dict[Condition, int]:
    """How many parameters (frozen ones too, each tensor once) are part of the network under each condition.

    A tensor that several modules own is part of it where one of them is on the path.
    """
    routes: dict[int, list[Route]] = {}
    sizes: dict[int, int] = {}
    for module in made.module.modules():
        for parameter in module._parameters.values():
            if parameter is not None and id(module) in made.layout.conditions:
                routes.setdefault(id(parameter), []).extend(made.layout.conditions[id(module)])
                sizes[id(parameter)] = parameter.numel()
    found: dict[Condition, int] = {}
    for key, ways in routes.items():
        condition = simplified(ways)
        if condition:
            found[condition] = found.get(condition, 0) + sizes[key]
    return found
