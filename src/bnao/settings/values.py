"""One value against its declared type: bool, int, float, str, Literal, a tuple of one of these, or any ``| None``."""

from __future__ import annotations

import math
import re
from datetime import date, time
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from bnao.errors import SettingError

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class FieldError(SettingError):
    """A SettingError that knows the dotted name it is about (a field or a section)."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


def optional(kind: Any) -> tuple[Any, bool]:
    """The type without ``| None``, and whether None is allowed.

    >>> optional(int | None)
    (<class 'int'>, True)
    """
    if get_origin(kind) not in (Union, UnionType):
        return kind, False
    others = [part for part in get_args(kind) if part is not NoneType]
    assert len(others) == 1, f"fields are of one type, or of one type and None, not {kind}"
    return others[0], True


def describe(kind: Any) -> str:
    """The type in words.

    >>> describe(float | None), describe(Literal["loss", "accuracy"])
    ('a number, or none', 'one of loss, accuracy')
    """
    inner, nullable = optional(kind)
    if get_origin(inner) is Literal:
        words = "one of " + ", ".join(map(str, get_args(inner)))
    elif get_origin(inner) is tuple:
        words = {float: "a list of numbers", int: "a list of whole numbers", str: "a list of texts"}[get_args(inner)[0]]
    else:
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[inner]
    return f"{words}, or none" if nullable else words


_EXAMPLES: dict[Any, str] = {
    bool: "write true or false",
    int: "write for example 3",
    float: "write for example 0.5",
    str: "write a text in quotes",
}


_MAX_INT = 2**63 - 1
_POWER = re.compile(r"\d+(\.\d+)?e\+?\d{1,2}")


def shown(value: object) -> str:
    """The value as one writes it, shortened to 80 characters."""
    if isinstance(value, int) and abs(value) > _MAX_INT:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, date | time):
        return value.isoformat()
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a list with a number of thousands of digits, or very deep
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def in_words(value: object) -> str:
    """A value of a field as files and flags write it.

    >>> in_words(None), in_words(True), in_words(0.5)
    ('none', 'true', '0.5')
    """
    if value is None:
        return "none"
    if isinstance(value, tuple | list):
        return ",".join(in_words(item) for item in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse(name: str, kind: Any, value: object, remedy: str = "") -> FieldError:
    inner = optional(kind)[0]
    many = "write for example [1, 2] in a file, 1,2 as a flag" if get_origin(inner) is tuple else "choose one"
    remedy = remedy or _EXAMPLES.get(inner, many)
    return FieldError(f"{name} is {describe(kind)}; received {shown(value)}: {remedy}", name)


def check(name: str, value: object, kind: Any) -> Any:
    """``value`` if it is of the type ``kind``; nothing is rounded or cut. Raises SettingError.

    A whole number serves as a float; a bool is no number; the text ``none`` serves as None where None is allowed.

    >>> check("loop.pool", 10, int), check("epochs", 2, float), check("images", "none", int | None)
    (10, 2.0, None)
    """
    inner, nullable = optional(kind)
    if nullable and (value is None or (isinstance(value, str) and value.strip().lower() == "none")):
        return None
    if get_origin(inner) is Literal:
        matches = [choice for choice in get_args(inner) if type(choice) is type(value) and choice == value]
        if matches:
            return matches[0]
    elif get_origin(inner) is tuple:
        if isinstance(value, list | tuple):
            return tuple(check(name, item, get_args(inner)[0]) for item in value)
    elif inner is float and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number) and number == value:
            return number
        raise _refuse(name, kind, value, "write a finite number that a float holds exactly")
    elif inner is int and isinstance(value, int) and abs(value) > _MAX_INT:
        raise _refuse(name, kind, value, "write one of less than 2**63")
    elif isinstance(value, inner) and (inner is bool or not isinstance(value, bool)):
        return value
    raise _refuse(name, kind, value)


def _whole(word: str) -> int:
    """A whole number written with an exponent. Raises ValueError for any other."""
    value = Decimal(word)
    if value != value.to_integral_value():
        raise ValueError(word)
    return int(value)


def parse(name: str, text: str, kind: Any) -> Any:
    """The value that ``text`` (of a flag) stands for; ``600e6`` is a whole number too. Raises SettingError.

    >>> parse("loop.pool", "10", int), parse("flip", "no", bool), parse("images", "none", int | None)
    (10, False, None)
    >>> parse("limits.max_macs", "600e6", int | None)
    600000000
    """
    inner, nullable = optional(kind)
    word = text.strip().lower()
    if nullable and word == "none":
        return None
    value: object = text
    if get_origin(inner) is tuple:
        parts = [part.strip() for part in text.split(",")] if word not in ("", "none") else []
        return tuple(parse(name, part, get_args(inner)[0]) for part in parts)
    if inner is bool:
        value = _WORDS.get(word, text)
    elif inner in (int, float):
        try:
            value = inner(text) if inner is float or _POWER.fullmatch(word) is None else _whole(word)
        except ValueError:
            raise _refuse(name, kind, text) from None
    return check(name, value, kind)
