"""The table seam: a file of a known form becomes a :class:`Table`.

Shapes: P rows, S seeds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.errors import DataError
from bnao.evaluation.tables.rows import Rows, read_rows
from bnao.registry import Registry


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """P trained architectures. Accuracies lie in [0, 1]; NaN where one is missing (the test accuracy never is).

    ``architectures`` are as drawn, no two with the same tokens. Two rows may still be the same network: *twins* share
    an id and were trained apart, so their figures differ by the noise of training. **An id stands for one row**
    (:meth:`row`): that of its canonical form, or the first of its rows in the file where that form is missing. It is
    one training, as noisy as a query is; the mean over twins would be more exact for classes with many forms than for
    others.
    """

    name: str
    space: str  # the name of the search space
    source: str  # the file's name, for messages
    grammar: Grammar
    architectures: tuple[Architecture, ...]
    test_accuracy_P: NDArray[np.float64]  # the truth: fully trained, mean over seeds
    valid_accuracy_PS: NDArray[np.float64]  # fully trained, by seed
    short_valid_accuracy_P: NDArray[np.float64]  # after a short training
    short_test_accuracy_P: NDArray[np.float64]
    short_epochs: int  # of the short training
    num_params_P: NDArray[np.int64]  # as the table states them
    macs_P: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.architectures)

    def __contains__(self, identity: str) -> bool:
        return identity in self._rows

    @cached_property
    def _rows(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for k, architecture in enumerate(self.architectures):
            found.setdefault(architecture.id, []).append(k)
        return {
            i: tuple(sorted(rows, key=lambda k: not self.architectures[k].is_canonical)) for i, rows in found.items()
        }

    @property
    def ids(self) -> tuple[str, ...]:
        """The distinct ids, in the order of their first rows."""
        return tuple(self._rows)

    def rows(self, identity: str) -> tuple[int, ...]:
        """All rows of an id, the one that stands for it first. Raises DataError if there is none."""
        if identity not in self._rows:
            raise DataError(
                f"a table is asked for architectures it holds; {self.source!r} has none of id {identity!r}: ask within "
                f"the {len(self._rows):,} of the table, or train the architecture"
            )
        return self._rows[identity]

    def row(self, identity: str) -> int:
        """The one row that stands for an id. Raises DataError if there is none."""
        return self.rows(identity)[0]

    def test_accuracy(self, architecture: Architecture) -> float:
        """The truth of an architecture's id, in [0, 1]. Raises DataError if it is not in the table."""
        return float(self.test_accuracy_P[self.row(architecture.id)])


class TableFormat(ABC):
    """One form of table. Write a subclass in a file of your own and register an instance in :data:`TABLES`."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Columns that a file of this form has; it may have others. They are how a file is recognised."""

    @abstractmethod
    def build(self, rows: Rows, source: str) -> Table:
        """The table of at least one row. Raises DataError naming file, row, rule and remedy."""


TABLES: Registry[TableFormat] = Registry("table")


def read_table(path: Path | str, name: str | None = None) -> Table:
    """The table in a file ``.csv``, ``.csv.gz`` or ``.parquet`` (which needs the extra ``parquet``).

    ``name`` is one of ``TABLES.names()``; None: the registered form whose columns the file has. Raises SettingError for
    an unknown name, DataError for a file that is missing, damaged, or not of the form.
    """
    wanted = None if name is None else TABLES.get(name)
    rows, source = read_rows(Path(path)), str(path)
    return (wanted or _recognised(rows, source)).build(rows, source)


def _recognised(rows: Rows, source: str) -> TableFormat:
    fits = [name for name in TABLES.names() if set(TABLES.get(name).columns) <= set(rows.header)]
    if len(fits) == 1:
        return TABLES.get(fits[0])
    if fits:
        raise DataError(f"a table is of one form; the columns of {source!r} fit {', '.join(fits)}: say which by name")
    lists = "; ".join(f"{n}: {', '.join(TABLES.get(n).columns)}" for n in TABLES.names())
    raise DataError(
        f"a table has all columns of a known form; {source!r} has {rows.shown_header()}: rename or add columns, or "
        f"give another file. Known forms: {lists}"
    )
