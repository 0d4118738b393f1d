"""An architecture is a value: a frozen sequence of decisions, its text form, and an id modulo symmetry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Architecture:
    """One candidate network of a search space.

    Made by a :class:`~bnao.arch.Grammar` (``parse``, ``architecture``, ``sample``), never by hand, so it is legal.

    ``tokens`` are the decisions in the order in which they were drawn: two architectures are *equal* when their tokens
    are (they use the same shared weights). ``canonical`` are the tokens of the symmetry class's one representative: two
    architectures are *the same network* when their ``id`` is. ``parts`` are the lengths of the groups that the text
    form divides by ``|`` (a NAO cell: normal, reduction).
    """

    tokens: tuple[int, ...]
    canonical: tuple[int, ...] = field(compare=False, repr=False)
    parts: tuple[int, ...] = field(compare=False, repr=False)

    def __str__(self) -> str:
        """The text form: tokens separated by blanks, parts by `` | ``."""
        pieces, start = [], 0
        for length in self.parts:
            pieces.append(" ".join(map(str, self.tokens[start : start + length])))
            start += length
        return " | ".join(pieces)

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits, equal for all architectures of one symmetry class."""
        text = " ".join(map(str, self.canonical)) + "/" + ",".join(map(str, self.parts))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def is_canonical(self) -> bool:
        """Whether the drawn order is the one in which the architecture is scored."""
        return self.tokens == self.canonical
