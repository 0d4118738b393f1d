"""Trees of frozen dataclasses: their fields by dotted name, and changed copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar, get_type_hints

from bnao.errors import SettingError, nearest
from bnao.settings.docs import field_docs
from bnao.settings.nested import nest
from bnao.settings.values import FieldError, check, parse, shown

C = TypeVar("C")


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One field: dotted ``name``, declared type ``kind``, ``value`` in the tree at hand, and its help text ``doc``."""

    name: str
    kind: Any
    value: Any
    doc: str


_KINDS: dict[type, dict[str, Any]] = {}


def _kinds(cls: type) -> dict[str, Any]:
    """Declared types of a dataclass's fields by name."""
    if cls not in _KINDS:
        hints = get_type_hints(cls)
        _KINDS[cls] = {f.name: hints[f.name] for f in fields(cls) if f.init}
    return _KINDS[cls]


def _is_section(value: object) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def leaves(config: object, prefix: str = "") -> dict[str, Leaf]:
    """All fields of a tree by dotted name, in the order of declaration.

    >>> from bnao.loop.config import LoopConfig
    >>> leaves(LoopConfig())["pool"].value
    1000
    """
    found: dict[str, Leaf] = {}
    docs = field_docs(type(config))
    for key, kind in _kinds(type(config)).items():
        value, name = getattr(config, key), prefix + key
        if _is_section(value):
            found |= leaves(value, name + ".")
        else:
            found[name] = Leaf(name=name, kind=kind, value=value, doc=docs.get(key, ""))
    return found


def to_dict(config: object) -> dict[str, Any]:
    """The tree as nested dicts of plain values; :func:`build` reads them back."""
    values = {key: getattr(config, key) for key in _kinds(type(config))}
    return {key: to_dict(value) if _is_section(value) else value for key, value in values.items()}


def build(cls: type[C], values: Mapping[str, Any]) -> C:
    """A tree of type ``cls`` with these values, defaults for the rest. Raises SettingError as :func:`update`.

    >>> from bnao.loop.config import LoopConfig
    >>> build(LoopConfig, {"pool": 50}).rounds
    4
    """
    return update(cls(), values)


def update(config: C, values: Mapping[str, Any]) -> C:
    """A copy of the tree with ``values`` (nested dicts) in place of its own; every other field keeps its value.

    Raises SettingError for an unknown name (with the nearest one), a wrong type, and whatever a dataclass itself
    refuses; the message starts with the dotted name.

    >>> from bnao.loop.config import SearchConfig
    >>> config = update(SearchConfig(), {"supernet": {"training": {"epochs": 2}}})
    >>> config.supernet.training.epochs, config.supernet.network.output
    (2.0, 'project')
    """
    return _update(config, values, "", config)


def _update(config: C, values: Mapping[str, Any], prefix: str, root: object) -> C:
    kinds = _kinds(type(config))
    changes: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if key not in kinds:
            raise unknown_field(name, root)
        current = getattr(config, key)
        if not _is_section(current):
            changes[key] = check(name, value, kinds[key])
        elif isinstance(value, Mapping):
            changes[key] = _update(current, value, name + ".", root)
        else:
            some = ", ".join(f"{name}.{field}" for field in list(_kinds(type(current)))[:3])
            received = f"received {shown(value)}: set one of its fields, such as {some}"
            raise FieldError(f"{name} is a section; {received}", name)
    try:
        return replace(config, **changes)  # type: ignore[type-var]
    except FieldError:
        raise
    except SettingError as error:
        raise _with_name(error, prefix, kinds) from None


def _with_name(error: SettingError, prefix: str, kinds: Mapping[str, Any]) -> FieldError:
    """A dataclass says ``epochs is positive``; which of several ``epochs`` is known only here."""
    message, section = str(error), prefix.rstrip(".")
    word = message.split(maxsplit=1)[0] if message else ""
    if word in kinds:
        return FieldError(prefix + message, prefix + word)
    return FieldError(f"{section}: {message}" if section else message, section)


def unknown_field(name: str, root: object) -> FieldError:
    """The error for a dotted name that is no field or section of ``root``: says the nearest full name."""
    fields = list(leaves(root))
    sections = {field.rsplit(".", depth)[0]: None for field in fields for depth in range(1, field.count(".") + 1)}
    known = [*fields, *sections]
    last = name.rsplit(".", 1)[-1]
    alike = [candidate for candidate in known if candidate.rsplit(".", 1)[-1] == last]
    guess = nearest(name, alike) or (alike[0] if alike else nearest(name, known))
    hint = f"did you mean {guess!r}?" if guess else "no setting has a similar name."
    command = vars(type(root)).get("COMMAND", "search")
    return FieldError(f"unknown setting {name!r}: {hint} All are listed by `bnao {command} --help`", name)


def update_from_flags(config: C, flags: Mapping[str, str]) -> C:
    """A copy of the tree with fields set from texts by dotted name. Raises SettingError as :func:`update`.

    >>> from bnao.loop.config import SearchConfig
    >>> update_from_flags(SearchConfig(), {"loop.pool": "50", "data.resolution": "none"}).loop.pool
    50
    """
    known = leaves(config)
    values: dict[str, Any] = {}
    for name, text in flags.items():
        if name not in known:
            raise unknown_field(name, config)
        values[name] = parse(name, text, known[name].kind)
    return update(config, nest(values))
