"""What examples are called in texts (imports no torch)."""

from __future__ import annotations

GIVEN = "own"
"""``data.source`` where data were given in Python: they may be anything."""


def examples_word(source: str, number: int = 2) -> str:
    """``images``, or ``examples`` where the data were given in Python; the singular of one.

    >>> examples_word("cifar10"), examples_word("own", 1)
    ('images', 'example')
    """
    return ("example" if source == GIVEN else "image") + "s" * (number != 1)
