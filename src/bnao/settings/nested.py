"""Nested dicts: merging two, and the flat form with dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnao.errors import SettingError


def merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``override`` in place of its own, at every depth; the inputs stay as they are.

    >>> merge({"loop": {"pool": 10, "rounds": 2}}, {"loop": {"pool": 20}})
    {'loop': {'pool': 20, 'rounds': 2}}
    """
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values by dotted name. An empty dict has no values, so it leaves no trace.

    >>> flatten({"seed": 3, "loop": {"pool": 20}})
    {'seed': 3, 'loop.pool': 20}
    """
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`flatten`. Raises SettingError if a name is both a value and a section.

    >>> nest({"seed": 3, "loop.pool": 20})
    {'seed': 3, 'loop': {'pool': 20}}
    """
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *sections, last = name.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                break
        if not isinstance(place, dict) or last in place:
            raise SettingError(f"a name is either a field or a section; received {name!r} as both: give it once")
        place[last] = value
    return nested
