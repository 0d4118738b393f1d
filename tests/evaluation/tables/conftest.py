"""Small tables of NAS-Bench-201's form, written by the tests; their figures are made up."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

Row = dict[str, str]
ROW = {
    "params": "1000",
    "macs": "20000",
    "valid_acc_s0": "80.5",
    "valid_acc_s1": "81.5",
    "valid_acc_s2": "",
    "test_acc": "90",
    "valid_acc_ep12": "60",
    "test_acc_ep12": "",
}
SPELLED = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|"
TWIN_CANONICAL, TWIN_OTHER = "0 | 0 0 | 3 0 0", "3 | 0 0 | 0 1 0"
"""A convolution from input to output, straight and by way of state 1; as one class the former represents it."""


def table_rows(*architectures: str) -> list[Row]:
    """One row for each text; the n-th has validation accuracies 80.5 + n and 81.5 + n percent."""
    return [
        {"arch": a, **ROW, "valid_acc_s0": str(80.5 + n), "valid_acc_s1": str(81.5 + n), "test_acc": str(90 + n)}
        for n, a in enumerate(architectures)
    ]


def csv_text(rows: Iterable[Mapping[str, str]]) -> str:
    """A header and the rows."""
    rows = list(rows)
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "".join(",".join(f'"{cell}"' if "," in cell else cell for cell in line) + "\n" for line in lines)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[list[Row]], Path]:
    """Writes rows to a CSV file; its path."""

    def written(rows: list[Row]) -> Path:
        path = tmp_path / "table.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    return written
