"""The pool as a file of the user's: written as CSV; known architectures read from CSV, a pool or a run folder."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from bnao.errors import RunError, SettingError, nearest
from bnao.storage import files
from bnao.storage.pool import Pool, PoolEntry, latest_round
from bnao.storage.run_folder import RunFolder
from bnao.storage.text import decoded

COLUMNS = ("id", "architecture", "round", "origin", "num_params", "macs", "score", "score_round", "predicted")
MAX_BYTES = 256 * 2**20  # of a file that is read
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Known:
    """An architecture that the user knows of, as text, and its score (finite, higher is better) or None.

    ``where`` says where it stands, for messages.
    """

    text: str
    score: float | None = None
    where: str = field(default="", compare=False)


def write_csv(entries: Iterable[PoolEntry], file: TextIO) -> None:
    """Write a header (:data:`COLUMNS`) and one row for each entry; numbers in full precision, an empty cell for None.

    >>> import sys
    >>> entry = PoolEntry(id="a1", text="0 1", round=1, origin="random", num_params=9, macs=81, score=-0.1)
    >>> write_csv([entry], sys.stdout)
    id,architecture,round,origin,num_params,macs,score,score_round,predicted
    a1,0 1,1,random,9,81,-0.1,,
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for e in entries:
        writer.writerow(
            [e.id, e.text, e.round, e.origin, e.num_params, e.macs, _repr(e.score), e.score_round, _repr(e.predicted)]
        )


def write_csv_file(entries: Iterable[PoolEntry], path: Path) -> None:
    """Create or replace the file ``path``, all or nothing. Raises RunError."""
    text = io.StringIO()
    write_csv(entries, text)
    files.write_atomic(path, lambda file: file.write(text.getvalue().encode("utf-8")))


def read_known(path: Path) -> list[Known]:
    """What ``path`` holds, in its order: a CSV file, the pool of a run (``pool.sqlite``), or a run folder.

    CSV: UTF-8, a header, cells divided by commas, semicolons or tabs; the column ``architecture`` is needed, ``score``
    is read where there is one (an empty cell: none), others are ignored. Of a pool's scores those of the latest scoring
    round are read: scores of different supernets are not comparable.

    Raises RunError for a file that is missing, empty, damaged or of another kind, SettingError, with the line, for
    a row that is not of this form.
    """
    if path.is_dir():
        return _of_pool(RunFolder.open(path).pool_path)
    try:
        if path.exists() and path.stat().st_size > MAX_BYTES:
            raise RunError(
                f"a file of known architectures has at most {MAX_BYTES:,} bytes; {str(path)!r} has "
                f"{path.stat().st_size:,}: give the architectures of interest only"
            )
    except OSError as error:
        raise files.read_error(path, error) from error
    content = files.read_bytes(path)
    if content.startswith(_SQLITE):
        return _of_pool(path)
    return list(_of_csv(content, path))


def _repr(number: float | None) -> str | None:
    return None if number is None else repr(float(number))


def pool_entries(path: Path) -> list[PoolEntry]:
    """All entries of the pool in the file ``path``. Raises RunError if there is none, or it is damaged."""
    if not path.exists():
        raise RunError(f"{str(path)!r} is missing: the run has no pool yet, so give another run or file")
    with Pool(path) as pool:
        return pool.entries()


def _of_pool(path: Path) -> list[Known]:
    entries = pool_entries(path)
    if not entries:
        raise RunError(f"a pool to start from holds architectures; {str(path)!r} holds none: give another run or file")
    last = latest_round(entries)
    return [
        Known(e.text, e.score if e.score_round == last else None, f"{str(path)!r}, architecture {e.id}")
        for e in entries
    ]


def _of_csv(content: bytes, path: Path) -> Iterator[Known]:
    rows = _rows(_text(content, path), path)
    line, header = next(rows, (0, []))
    if not header:
        raise RunError(f"a file of known architectures holds some; {str(path)!r} is empty: give another file")
    names = [name.strip().lower() for name in header]
    columns = {name: _column(names, name, path, line) for name in ("architecture", "score")}
    if columns["architecture"] is None:
        guess = nearest("architecture", names)
        hint = f"did you mean {guess!r}? Rename it" if guess else "write a header line with it"
        raise SettingError(
            f"the header needs a column 'architecture'; {str(path)!r} line {line} has {_shown(', '.join(header))!r}: "
            f"{hint}"
        )
    empty = True
    for line, row in rows:
        where, empty = f"{str(path)!r} line {line}", False
        if len(row) != len(header):
            raise SettingError(
                f"a row has as many cells as the header, {len(header)}; {where} has {len(row)}: put a cell that "
                "contains the separator in quotes, or add what is missing"
            )
        text = row[columns["architecture"]].strip()
        if not text:
            raise SettingError(f"a row names an architecture; in {where} the cell is empty: fill it or drop the row")
        score = None if columns["score"] is None else _score(row[columns["score"]].strip(), where)
        yield Known(text, score, where)
    if empty:
        raise RunError(
            f"a file of known architectures holds some; {str(path)!r} has a header and no row: give another file"
        )


def _text(content: bytes, path: Path) -> str:
    text, reason = decoded(content)
    if reason:
        raise RunError(
            f"known architectures are read from CSV text in UTF-8, a pool.sqlite or a run folder; {str(path)!r} is "
            f"none of these ({reason}): save it as CSV in UTF-8"
        )
    return text


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of the line on which it begins."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 0
    try:
        for row in reader:
            begins, line = line + 1, reader.line_num
            if any(cell.strip() for cell in row):
                yield begins, row
    except csv.Error as error:
        raise SettingError(
            f"a CSV file has rows of cells, quotes in pairs, cells of at most {csv.field_size_limit():,} characters; "
            f"{str(path)!r} line {line + 1}: {error}: mend this row"
        ) from error


def _column(names: Sequence[str], name: str, path: Path, line: int) -> int | None:
    if names.count(name) > 1:
        raise SettingError(
            f"column names are unique; {str(path)!r} line {line} has {names.count(name)} columns {name!r}: keep one"
        )
    return names.index(name) if name in names else None


def _score(cell: str, where: str) -> float | None:
    if not cell:
        return None
    try:
        number = float(cell) if cell.isascii() and "_" not in cell else None
    except ValueError:
        number = None
    if number is None:
        raise SettingError(f"a score is a number; {where} has {_shown(cell)!r}: write it like -0.25, or leave it empty")
    if not math.isfinite(number):
        raise SettingError(f"a score is finite; {where} has {_shown(cell)!r}: leave the cell empty, or drop the row")
    return number


def _shown(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
