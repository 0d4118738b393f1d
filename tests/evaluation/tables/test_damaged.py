"""A damaged table is one DataError with file, row, rule and remedy."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bnao.errors import DataError
from bnao.evaluation.tables import read_table

from .conftest import SPELLED, csv_text, table_rows

Write = Callable[[list[dict[str, str]]], Path]
OTHER = "3 | 3 3 | 1 3 3"

CELLS = [
    ("test_acc", "", "'test_acc' is an accuracy from 0 to 100 percent; .*line 3 has '': correct"),
    ("test_acc", "100.1", "line 3 has '100.1'"),
    ("valid_acc_s0", "-1", "line 3 has '-1'"),
    ("valid_acc_s0", "", "'valid_acc_s0' is an accuracy"),
    ("valid_acc_s2", "high", "or is empty; .*line 3 has 'high'"),
    ("test_acc", "inf", "line 3 has 'inf'"),
    ("test_acc", "9_0", "line 3 has '9_0'"),
    ("valid_acc_ep12", "1e3", "line 3 has '1e3'"),
    ("params", "1.5", "'params' is a whole number >= 0; .*line 3 has '1.5'"),
    ("macs", "-4", "'macs' is a whole number >= 0"),
    ("macs", "1e300", "line 3 has '1e300'"),
    ("arch", "", "'arch' is an architecture of the space; .*line 3"),
    ("arch", "3 | 3 3 | 1 3 9", "line 3: operations are"),
    ("arch", SPELLED.replace("skip_connect", "skip_conect"), "did you mean 'skip_connect'"),
    ("arch", "3 | 0 1 | 0 2 4", "line 3 repeats '3 | 0 1 | 0 2 4' of line 2: keep one"),
]


@pytest.mark.parametrize(("column", "cell", "message"), CELLS)
def test_cells(write: Write, column: str, cell: str, message: str) -> None:
    rows = table_rows(SPELLED, OTHER)
    rows[1][column] = cell
    with pytest.raises(DataError, match=message) as caught:
        read_table(write(rows))
    assert "table.csv" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("column", ["arch", "params", "test_acc", "valid_acc_s0", "test_acc_ep12"])
def test_a_missing_column(write: Write, column: str) -> None:
    rows = [{k: v for k, v in row.items() if k != column} for row in table_rows(SPELLED)]
    with pytest.raises(DataError, match="all columns of a known form"):
        read_table(write(rows))
    renamed = [{k.replace(column, f"{column}x"): v for k, v in row.items()} for row in table_rows(SPELLED)]
    with pytest.raises(DataError, match=f"no '{column}': did you mean '{column}x'"):
        read_table(write(renamed), "nasbench201")


def test_seeds_without_gaps(write: Write) -> None:
    rows = [{k.replace("_s1", "_s7"): v for k, v in row.items()} for row in table_rows(SPELLED)]
    with pytest.raises(DataError, match="has the seeds 0, 2, 7"):
        read_table(write(rows))


TEXT = csv_text(table_rows(SPELLED, OTHER))
PACKED = gzip.compress(TEXT.encode())
FILES = {
    "empty": (b"", "is empty"),
    "header alone": (TEXT.splitlines()[0].encode(), "a header alone"),
    "cut row": (TEXT[:-30].encode(), "line 3 has"),
    "open quote": (TEXT.replace("|nor", '"|nor', 1).encode(), "quotes in pairs"),
    "picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "is not text"),
    "zero bytes": (b"arch,\x00\n", "zero bytes"),
    "column twice": (TEXT.replace("macs", "params").encode(), "'params' more than once"),
    "cut gzip": (PACKED[: len(PACKED) // 2], "cut off or damaged"),
    "gzip with a changed byte": (PACKED[:40] + bytes([PACKED[40] ^ 255]) + PACKED[41:], "fetch it again"),
    "gzip of nothing": (gzip.compress(b""), "is empty"),
}


@pytest.mark.parametrize("name", FILES)
def test_files(tmp_path: Path, name: str) -> None:
    content, message = FILES[name]
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path)
    assert "table.csv" in str(caught.value)


def test_paths(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing: check the path"):
        read_table(tmp_path / "none.csv.gz")
    with pytest.raises(DataError, match="a whole, readable file"):
        read_table(tmp_path)


def test_a_seed_has_one_name(write: Write) -> None:
    rows = [{**row, "valid_acc_s01": "90"} for row in table_rows(SPELLED, OTHER)]
    plain = read_table(write(table_rows(SPELLED, OTHER))).valid_accuracy_PS
    np.testing.assert_array_equal(read_table(write(rows)).valid_accuracy_PS, plain)
