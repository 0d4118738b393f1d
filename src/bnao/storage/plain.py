"""Frozen dataclasses to plain JSON values and back, strictly: an unknown or missing key is an error, never a guess."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from bnao.errors import BnaoError, RunError, nearest
from bnao.storage.text import MOST

T = TypeVar("T")

_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_plain(value: Any) -> Any:
    """``value`` as dicts, lists, strings, numbers, booleans and None.

    Dataclasses become dicts, tuples lists; a float that is not finite becomes ``"nan"``, ``"inf"`` or ``"-inf"``, which
    :func:`from_dict` reads back (standard JSON has no such numbers). Raises TypeError for anything else.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    raise TypeError(f"plain values are dicts, lists, text, numbers and dataclasses; received {type(value).__name__}")


def from_dict(cls: type[T], values: Any, *, source: str = "the file", error: type[BnaoError] = RunError) -> T:
    """The dataclass ``cls`` made of ``values``, as :func:`to_plain` wrote it; nested dataclasses, lists and unions too.

    ``source`` names the origin in messages. Raises ``error`` for an unknown key (with the nearest name), a missing key
    that has no default, or a value of the wrong type; a dataclass's own checks raise what they raise.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Point:
    ...     x: float
    ...     y: float = 0.0
    >>> from_dict(Point, {"x": 1})
    Point(x=1.0, y=0.0)
    """
    result: T = _Reader(source, error).dataclass(cls, values, "")
    return result


class _Reader:
    def __init__(self, source: str, error: type[BnaoError]) -> None:
        self.source, self.error = source, error

    def fail(self, where: str, expected: str, value: Any, remedy: str) -> BnaoError:
        place = f" at {where!r}" if where else ""
        return self.error(f"{self.source} must have {expected}{place}; received {str(value)[:80]!r}: {remedy}")

    def dataclass(self, cls: Any, values: Any, where: str) -> Any:
        if not isinstance(values, Mapping):
            raise self.fail(where, f"a table of {cls.__name__}", values, "restore the table")
        known = {field.name: field for field in fields(cls) if field.init}
        hints = typing.get_type_hints(cls)
        arguments = {}
        for key, value in values.items():
            if key not in known:
                guess = nearest(str(key), known)
                remedy = f"did you mean {guess!r}?" if guess else f"known are {', '.join(known)}"
                raise self.fail(where, f"only keys of {cls.__name__}", key, remedy)
            arguments[key] = self.value(hints[key], value, f"{where}.{key}" if where else str(key))
        for name, field in known.items():
            if name not in arguments and field.default is MISSING and field.default_factory is MISSING:
                raise self.fail(where, f"the key {name!r}", list(values), "add it, or use the bnao that wrote this")
        return cls(**arguments)

    def value(self, hint: Any, value: Any, where: str) -> Any:
        origin, arguments = get_origin(hint), get_args(hint)
        if hint is Any:
            return value
        if is_dataclass(hint):
            return self.dataclass(hint, value, where)
        if origin in (Union, types.UnionType):
            return self.union(arguments, value, where)
        if origin is Literal:
            if value in arguments and type(value) in {type(choice) for choice in arguments}:
                return value
        elif hint is float:
            if isinstance(value, float) or (type(value) is int and abs(value) <= MOST):
                return float(value)
            if isinstance(value, str) and value in _NOT_FINITE:
                return _NOT_FINITE[value]
        elif hint is int or hint is str or hint is bool or hint is types.NoneType:
            if type(value) is hint and not (type(value) is int and abs(value) > MOST):
                return value
        elif origin is list and isinstance(value, list):
            return [self.value(arguments[0], item, f"{where}[{k}]") for k, item in enumerate(value)]
        elif origin is tuple and isinstance(value, list | tuple):
            return self.tuple(arguments, value, where)
        elif origin is dict and isinstance(value, Mapping):
            return {str(key): self.value(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
        name = hint.__name__ if isinstance(hint, type) and not arguments else str(hint)
        if type(value) is int and abs(value) > MOST:
            value = f"a number of {value.bit_length()} bits"
        raise self.fail(where, f"a value of type {name}", value, "correct the value")

    def union(self, choices: tuple[Any, ...], value: Any, where: str) -> Any:
        for choice in choices:  # an exact match first, so that 1 stays an int in int | float
            if type(value) is choice:
                return self.value(choice, value, where)
        last: BnaoError | None = None
        for choice in choices:
            try:
                return self.value(choice, value, where)
            except BnaoError as problem:
                last = problem
        assert last is not None
        raise last

    def tuple(self, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(self.value(arguments[0], item, f"{where}[{k}]") for k, item in enumerate(value))
        if len(arguments) != len(value):
            raise self.fail(where, f"{len(arguments)} values", value, "correct the number of values")
        pairs = zip(arguments, value, strict=True)
        return tuple(self.value(hint, item, f"{where}[{k}]") for k, (hint, item) in enumerate(pairs))
