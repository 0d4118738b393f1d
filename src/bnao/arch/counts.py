"""Counts of architectures as texts for people."""

from __future__ import annotations

from math import log10


def count_text(count: int) -> str:
    """``count`` >= 0 in digits below 10^9, else rounded to three of them; no count is too large for it.

    >>> count_text(3025), count_text(43_873_177_410_562_500_000_000), count_text(10**400)
    ('3,025', '4.39e+22', '1e+400')
    """
    if count < 10**9:
        return f"{count:,}"
    shift = max(0, int(log10(count)) - 200)  # a float holds the rest
    mantissa, exponent = f"{float(count // 10**shift):.3g}".split("e")
    return f"{mantissa}e+{int(exponent) + shift:02d}"
