"""Lists of numbers that settings hold as text, such as ``"1,2,4"`` (imports no torch)."""

from __future__ import annotations

from fractions import Fraction

from bnao.errors import require


def wholes(name: str, text: str, legal: range | None = None, *, distinct: bool = False) -> tuple[int, ...]:
    """The whole numbers of the setting ``name``, one or more, joined by commas; each one of ``legal``, if given.

    Raises SettingError that names the rule, what was received and an example.

    >>> wholes("kernels", "3, 5", range(3, 32, 2))
    (3, 5)
    """
    numbers = tuple(int(word) for word in _words(name, text, "whole numbers", decimals=False))
    if legal is not None:
        rule = f"{name} are {_range(legal)}, joined by commas"
        for number in numbers:
            require(number in legal, rule, text, f"change {number}")
    require(not distinct or len(set(numbers)) == len(numbers), f"{name} are distinct", text, "name each once")
    return numbers


def fractions(name: str, text: str, most: int | None = None) -> tuple[Fraction, ...]:
    """The decimal numbers of the setting ``name``, above 0 and up to ``most`` (if given), joined by commas; exact.

    Raises SettingError that names the rule, what was received and an example.

    >>> fractions("widths", "0.75,2", 10)
    (Fraction(3, 4), Fraction(2, 1))
    """
    numbers = tuple(Fraction(word) for word in _words(name, text, "numbers", decimals=True))
    for number in numbers:
        rule = f"{name} are above 0" + ("" if most is None else f" and at most {most:,}")
        require(number > 0 and (most is None or number <= most), rule, text, f"change {float(number):g}")
    return numbers


def _words(name: str, text: str, kind: str, *, decimals: bool) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    for word in words:
        left, point, right = word.partition(".")
        digits = (left, right) if point and decimals else (word,)
        fine = all(part.isascii() and part.isdecimal() for part in digits) and len(word) <= 9
        shown = text if len(text) <= 60 else text[:57] + "..."
        require(
            fine, f"{name} are {kind} of at most 9 digits, joined by commas", shown, f"write for example {_EXAMPLE}"
        )
    return words


_EXAMPLE = "1,2,4"


def _range(legal: range) -> str:
    odd = legal.step == 2 and legal[0] % 2 == 1
    return f"{'odd' if odd else 'whole'} numbers from {legal[0]} to {legal[-1]}"
