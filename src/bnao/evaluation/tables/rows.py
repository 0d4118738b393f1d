"""Files of rows: ``.csv``, ``.csv.gz`` and ``.parquet`` become a header and cells of text, whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bnao.errors import DataError
from bnao.storage.text import decoded

MAX_BYTES = 512 * 2**20  # of a file once unpacked
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Rows:
    """``cells`` by row, each as long as ``header``; ``lines`` say where each row stands (in parquet: its number)."""

    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def column(self, name: str) -> list[str]:
        """A column's cells; the name is one of ``header``."""
        place = self.header.index(name)
        return [row[place] for row in self.cells]

    def shown_header(self) -> str:
        """The header for a message, cut where it is long."""
        text = ", ".join(self.header)
        return repr(text if len(text) <= 200 else text[:197] + "...")


def read_rows(path: Path) -> Rows:
    """Header and rows of the file, by the end of its name. Raises DataError."""
    try:
        if path.suffix == ".parquet":
            return _checked(_parquet(path), path)
        return _checked(_csv(_text(path), path), path)
    except OSError as error:  # gzip's own errors too
        if isinstance(error, FileNotFoundError):
            raise DataError(f"the table {str(path)!r} is missing: check the path") from error
        raise DataError(
            f"a table is a whole, readable file; {str(path)!r} is not ({error}): check it, or fetch it again"
        ) from error
    except (EOFError, zlib.error) as error:
        raise DataError(
            f"a table is a whole file; {str(path)!r} is cut off or damaged ({error}): fetch it again"
        ) from error


def _text(path: Path) -> str:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        content = (gzip.GzipFile(fileobj=file) if packed else file).read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DataError(
            f"a table has at most {MAX_BYTES:,} bytes; {str(path)!r} has more: keep the columns that are read only"
        )
    text, reason = decoded(content)
    if reason:
        raise DataError(
            f"a table is CSV text in UTF-8 (.csv, .csv.gz) or parquet (.parquet); {str(path)!r} is not text "
            f"({reason}): give the right file, or save it as CSV"
        )
    return text


def _csv(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise DataError(
            f"a CSV file has rows of cells divided by commas, quotes in pairs; {str(path)!r} line {reader.line_num}: "
            f"{error}: mend this row"
        ) from error


def _parquet(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise DataError(
            f"parquet files are read with pyarrow, which is not installed; received {str(path)!r}: "
            "pip install 'bnao[parquet]', or give the table as CSV"
        ) from error
    with path.open("rb") as file:  # a missing file is reported as for CSV
        try:
            table = parquet.read_table(file)
        except pyarrow.ArrowException as error:
            raise DataError(
                f"a file .parquet holds a parquet table; {str(path)!r} does not ({error}): fetch it again"
            ) from error
    yield 0, list(table.column_names)
    columns = [column.to_pylist() for column in table.columns]
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        yield number, ["" if cell is None else str(cell).strip() for cell in row]


def _checked(found: Iterator[tuple[int, list[str]]], path: Path) -> Rows:
    first, header = next(found, (0, []))
    if not header:
        raise DataError(f"a table has a header and rows; {str(path)!r} is empty: give another file")
    if doubled := sorted({name for name in header if header.count(name) > 1}):
        raise DataError(
            f"column names are unique; {str(path)!r} has {', '.join(map(repr, doubled))} more than once: keep "
            "one of each"
        )
    cells, lines = [], []
    for line, row in found:
        if len(row) != len(header):
            raise DataError(
                f"a row has as many cells as the header, {len(header)}; {str(path)!r} line {line} has {len(row)}: mend "
                "this row, or fetch the file again if it was cut off"
            )
        cells.append(tuple(row))
        lines.append(line)
    if not cells:
        raise DataError(f"a table has rows; {str(path)!r} has a header alone (line {first}): give another file")
    return Rows(tuple(header), tuple(cells), tuple(lines))
