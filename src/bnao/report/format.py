"""Numbers as people read them: units, thousands separators, no false digits. Times in seconds, accuracies in [0, 1]."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from bnao.errors import printable

_TO_ASCII = str.maketrans(
    {"±": "+/-", "·": "-", "–": "-", "−": "-", "…": "...", "×": "x", "●": "o", "─": "-", "│": "|", "┼": "+", "▶": ">",
     "╰": "`", "┴": "+", "█": "#", "≥": ">=", "✓": "+", "≈": "~", "→": "->", "★": "*"}
)  # fmt: skip


def to_ascii(text: str) -> str:
    """``text`` for a terminal that knows ASCII only.

    >>> to_ascii("85 % ± 1")
    '85 % +/- 1'
    """
    return text.translate(_TO_ASCII).encode("ascii", "replace").decode()


def shown(text: str, ascii_only: bool = False) -> str:
    """``text`` as one piece of a terminal page: no control characters, and ASCII alone where the terminal has no more.

    >>> shown("85 % ± 1\\x1b[2J", ascii_only=True)
    '85 % +/- 1\\\\x1b[2J'
    """
    text = printable(text)
    return to_ascii(text) if ascii_only else text


def duration(seconds: float) -> str:
    """A time with its units.

    >>> [duration(s) for s in (0.52, 9.4, 75, 3700, 200_000)]
    ['0.5 s', '9.4 s', '1 min 15 s', '1 h 02 min', '2 d 08 h']
    """
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24:02d} h"


def clock(seconds: float) -> str:
    """A time that ticks: minutes and seconds, hours before them where there are any.

    >>> clock(75), clock(3700)
    ('1:15', '1:01:40')
    """
    whole = int(max(seconds, 0.0))
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def count(number: float) -> str:
    """A whole number with thousands separators.

    >>> count(4387654)
    '4,387,654'
    """
    return f"{number:,.0f}" if math.isfinite(number) else str(number)


def magnitude(number: float) -> str:
    """Four digits or fewer with k, M or G for a large number.

    >>> [magnitude(n) for n in (950, 12_340, 684_238_464, 1_300_000_000)]
    ['950', '12.3 k', '684.2 M', '1.30 G']
    """
    for limit, unit, digits in ((1e9, "G", 2), (1e6, "M", 1), (1e3, "k", 1)):
        if number >= limit:
            value = number / limit
            return f"{value:.{2 if value < 10 else digits}f} {unit}"
    return f"{number:.0f}"


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction in percent.

    >>> percent(0.8532), percent(0.8532, 2)
    ('85.3 %', '85.32 %')
    """
    return f"{100 * fraction:.{digits}f} %"


def points(difference: float) -> str:
    """A signed difference of accuracies, in percentage points.

    >>> points(0.0123)
    '+1.23'
    """
    return f"{100 * difference:+.2f}"


_SHARE = re.compile(r".*accuracy|((best_)?(valid|test)_)?(auroc|f1|(top5_)?error)")
"""Names of figures in [0, 1]."""


def figure(name: str, value: Any) -> str:
    """A named figure of an event: shares in percent, whole numbers with separators, the rest in four digits.

    >>> figure("valid_accuracy", 0.5), figure("loss", 1.23456), figure("found", 1300)
    ('valid accuracy 50.0 %', 'loss 1.235', 'found 1,300')
    """
    label = name.replace("_", " ")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{label} {value}"
    if not math.isfinite(value):
        return f"{label} {value}"
    if _SHARE.fullmatch(name) and 0 <= value <= 1:
        return f"{label} {percent(value)}"
    if name.endswith("seconds"):
        return f"{label.removesuffix('seconds').strip()} {duration(value)}".strip()
    if isinstance(value, int) or (value == int(value) and abs(value) >= 1000):
        return f"{label} {count(value)}"
    return f"{label} {value:,.0f}" if abs(value) >= 1000 else f"{label} {value:.4g}"


def figures(values: Mapping[str, Any] | None) -> str:
    """Several figures in one line.

    >>> figures({"loss": 0.5, "tau": 0.61})
    'loss 0.5 · tau 0.61'
    """
    return " · ".join(figure(name, value) for name, value in (values or {}).items())


def processes_text(processes: object, threads: object) -> str:
    """How many threads worked, in words.

    >>> processes_text(1, 2), processes_text(2, 1)
    ('2 thread(s)', '2 processes of 1 thread(s)')
    """
    said = f"{threads} thread(s)"
    return said if processes in (1, None) else f"{processes} processes of {said}"
