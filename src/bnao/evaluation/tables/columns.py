"""Columns of cells as numbers and architectures; each mistake is named by file, row, rule and remedy.

Shape: P rows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.errors import ArchitectureError, DataError, nearest
from bnao.evaluation.tables.rows import Rows


class Columns:
    """Reads the columns of ``rows``; ``source`` is the file's name in messages."""

    def __init__(self, rows: Rows, source: str) -> None:
        self._rows, self._source = rows, source

    def require(self, names: tuple[str, ...]) -> None:
        """Raise DataError unless all ``names`` are columns."""
        for name in names:
            if name not in self._rows.header:
                guess = nearest(name, self._rows.header)
                hint = f"did you mean {guess!r}? Rename it" if guess else "add it, or give another file"
                raise DataError(
                    f"this table has the columns {', '.join(names)}; {self._source!r} has no {name!r}: {hint}"
                )

    def percent(self, name: str, *, may_be_empty: bool = False) -> NDArray[np.float64]:
        """(P,) accuracies of [0, 100] percent as numbers in [0, 1]; an empty cell is NaN where it may be empty."""
        return np.array([self._percent(name, k, cell, may_be_empty) for k, cell in enumerate(self._rows.column(name))])

    def _percent(self, name: str, row: int, cell: str, may_be_empty: bool) -> float:
        if may_be_empty and cell.lower() in ("", "nan"):
            return math.nan
        number = _number(cell)
        if number is None or not 0.0 <= number <= 100.0:
            empty = ", or is empty" if may_be_empty else ""
            raise DataError(
                f"{name!r} is an accuracy from 0 to 100 percent{empty}; {self._where(row)} has {_shown(cell)}: correct "
                "the cell, or drop the row"
            )
        return number / 100.0

    def counts(self, name: str) -> NDArray[np.int64]:
        """(P,) whole numbers >= 0."""
        return np.array([self._count(name, k, cell) for k, cell in enumerate(self._rows.column(name))], dtype=np.int64)

    def _count(self, name: str, row: int, cell: str) -> int:
        number = _number(cell)
        if number is None or number != int(number) or not 0 <= number < 2**53:
            raise DataError(
                f"{name!r} is a whole number >= 0; {self._where(row)} has {_shown(cell)}: correct the cell, or drop "
                "the row"
            )
        return int(number)

    def architectures(self, name: str, grammar: Grammar) -> tuple[Architecture, ...]:
        """The architectures as drawn, no two with the same tokens."""
        found: list[Architecture] = []
        first: dict[tuple[int, ...], int] = {}
        for k, cell in enumerate(self._rows.column(name)):
            try:
                architecture = grammar.parse(cell)
            except ArchitectureError as error:
                raise DataError(f"{name!r} is an architecture of the space; {self._where(k)}: {error}") from error
            if architecture.tokens in first:
                raise DataError(
                    f"a table has one row for each architecture; {self._where(k)} repeats {_shown(cell)} of line "
                    f"{self._rows.lines[first[architecture.tokens]]}: keep one of them"
                )
            first[architecture.tokens] = k
            found.append(architecture)
        return tuple(found)

    def _where(self, row: int) -> str:
        return f"{self._source!r} line {self._rows.lines[row]}"


def _number(cell: str) -> float | None:
    """The finite number that the cell says, or None."""
    try:
        number = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 80 else cell[:77] + "...")
