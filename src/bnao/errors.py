"""The one family of exceptions that users see.

Every error that a user can cause derives from :class:`BnaoError`; its message states the rule, the value received and
the remedy, and the command line prints it as one line with exit code 2. Our own bugs are ``assert`` statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches


class BnaoError(Exception):
    """Root of all errors that a user can cause and mend."""


class SettingError(BnaoError, ValueError):
    """A setting is unknown, out of range, or contradicts another."""


class DataError(BnaoError, ValueError):
    """A data source is missing, damaged, or not of the promised form."""


class ArchitectureError(BnaoError, ValueError):
    """A text or token sequence is not an architecture of the space."""


class RunError(BnaoError):
    """A run folder cannot be created, read, or continued."""


class NumericalError(BnaoError, ArithmeticError):
    """Training produced a value that is not finite."""


class UnusableData(NumericalError):
    """The same, where the data are to blame: a batch holds values that are not finite."""


class Interrupted(KeyboardInterrupt):
    """The user stopped the work; the message says what is kept and how to go on."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, or None when none is near."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None


def unknown_name(kind: str, name: str, known: Iterable[str]) -> SettingError:
    """The error for a name that is not one of ``known``; says the nearest name and lists all.

    >>> str(unknown_name("policy", "unifrom", ["uniform", "size_proportional"]))
    "unknown policy 'unifrom': did you mean 'uniform'? Known: size_proportional, uniform"
    """
    names = sorted(known)
    guess = nearest(name, names)
    hint = f" did you mean {guess!r}?" if guess else ""
    return SettingError(f"unknown {kind} {name!r}:{hint} Known: {', '.join(names)}")


_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 and C1 controls, line separators, marks that turn the direction of text, halves of characters."""


def printable(text: str) -> str:
    """``text`` for a terminal: each character that would move it, colour it, or turn its direction, as an escape.

    All that comes from a file or a name goes through here before it is printed: a file may be a stranger's.

    >>> printable("a\\x1b[2J\\u202eb\\n")
    'a\\\\x1b[2J\\\\u202eb\\\\n'
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def brief(value: object, most: int = 200) -> str:
    """The text of ``value`` for a message: at most ``most`` characters, and no control characters.

    For what a file says, or a library of it: both may be of any length.

    >>> brief("a\\n" + 300 * "b", 10)
    'a\\\\nbbbb...'
    """
    text = printable(str(value)[: most + 1])
    return text if len(text) <= most else text[: most - 3] + "..."


def require(condition: bool, rule: str, received: object, remedy: str) -> None:
    """Raise :class:`SettingError` stating rule, value and remedy unless ``condition`` holds."""
    if not condition:
        raise SettingError(f"{rule}; received {received!r}: {remedy}")


def require_seed(seed: int) -> None:
    """Raise SettingError for a seed that a run cannot keep: it is stored as a whole number of 64 bits."""
    require(0 <= seed < 2**63, "seed lies in [0, 2**63)", seed, "use 0, 1, 2, ...")
