"""Reading a table of NAS-Bench-201's form, and the real one where an environment variable names it."""

from __future__ import annotations

import gzip
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bnao.errors import DataError, SettingError
from bnao.evaluation.tables import TABLES, Table, TableFormat, read_table
from bnao.evaluation.tables.rows import Rows

from .conftest import SPELLED, TWIN_CANONICAL, TWIN_OTHER, csv_text, table_rows

Write = Callable[[list[dict[str, str]]], Path]


def test_what_a_table_holds(write: Write) -> None:
    table = read_table(write(table_rows(SPELLED, "3 | 3 3 | 1 3 3")))
    assert (table.name, table.space, len(table), table.short_epochs) == ("nasbench201", "nasbench201", 2, 12)
    assert [str(a) for a in table.architectures] == ["3 | 0 1 | 0 2 4", "3 | 3 3 | 1 3 3"]
    assert table.valid_accuracy_PS[:, :2].tolist() == [[0.805, 0.815], [0.815, 0.825]]
    assert np.isnan(table.valid_accuracy_PS[:, 2]).all() and np.isnan(table.short_test_accuracy_P).all()
    assert table.test_accuracy_P.tolist() == [0.9, 0.91] and table.short_valid_accuracy_P.tolist() == [0.6, 0.6]
    assert table.num_params_P.tolist() == [1000, 1000] and table.macs_P.tolist() == [20000, 20000]


def test_packed_and_plain_files_are_the_same(tmp_path: Path) -> None:
    text = csv_text(table_rows(SPELLED))
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    plain, packed = read_table(tmp_path / "a.csv"), read_table(tmp_path / "a.csv.gz", "nasbench201")
    assert plain.architectures == packed.architectures and (plain.test_accuracy_P == packed.test_accuracy_P).all()


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = table_rows(SPELLED, "3 | 3 3 | 1 3 3")
    numbers = {k: [float(r[k]) if r[k] else None for r in rows] for k in rows[0] if k != "arch"}
    parquet.write_table(pyarrow.table({"arch": [r["arch"] for r in rows], **numbers}), tmp_path / "a.parquet")
    table = read_table(tmp_path / "a.parquet")
    assert table.test_accuracy_P.tolist() == [0.9, 0.91] and table.num_params_P.tolist() == [1000, 1000]
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and then nothing of the kind")
    with pytest.raises(DataError, match=r"'.*b\.parquet' does not .*fetch it again"):
        read_table(tmp_path / "b.parquet")


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"pip install 'bnao\[parquet\]'"):
        read_table(tmp_path / "a.parquet")


def test_an_id_stands_for_the_row_of_its_canonical_form(write: Write) -> None:
    table = read_table(write(table_rows(TWIN_OTHER, TWIN_CANONICAL, SPELLED)))
    other, canonical, spelled = table.architectures
    assert other.id == canonical.id and table.ids == (other.id, spelled.id)
    assert table.rows(other.id) == (1, 0) and table.row(other.id) == 1
    assert table.test_accuracy(other) == 0.91 and other.id in table and "?" not in table
    alone = read_table(write(table_rows(TWIN_OTHER)))
    assert alone.test_accuracy(canonical) == 0.9
    with pytest.raises(DataError, match="asked for architectures it holds"):
        alone.row(spelled.id)


def test_a_table_of_ones_own_is_one_registration(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(TableFormat):
        @property
        def columns(self) -> tuple[str, ...]:
            return ("mine",)

        def build(self, rows: Rows, source: str) -> Table:
            raise DataError(f"mine was asked for {source} with {rows.column('mine')}")

    monkeypatch.setattr(TABLES, "_parts", dict(TABLES._parts))
    TABLES.register("mine", Mine())
    with pytest.raises(DataError, match=r"mine was asked for .*\['1'\]"):
        read_table(write([{"mine": "1"}]))
    both = [{**table_rows(SPELLED)[0], "mine": "1"}]
    with pytest.raises(DataError, match="fit mine, nasbench201: say which"):
        read_table(write(both))
    assert len(read_table(write(both), "nasbench201")) == 1
    with pytest.raises(SettingError, match="did you mean 'nasbench201'"):
        read_table(write(both), "nasbench20")


def test_reading_rows_needs_no_torch() -> None:
    code = "import bnao.evaluation.tabular, bnao.evaluation.tables, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.skipif("BNAO_NASBENCH201" not in os.environ, reason="set BNAO_NASBENCH201 to the table's path")
def test_the_real_table() -> None:
    from bnao.cost.sizes import SizeTable
    from bnao.spaces.config import NetworkConfig, SpaceConfig
    from bnao.spaces.nasbench201 import NasBench201Space
    from bnao.task import Task

    table = read_table(os.environ["BNAO_NASBENCH201"])
    assert len(table) == 15_625 and len(table.ids) == 6_466
    assert np.isfinite(table.valid_accuracy_PS[:, :2]).all() and np.isnan(table.valid_accuracy_PS[:, 2]).any()
    assert math.isclose(table.test_accuracy_P.max(), 0.943733) and int((table.test_accuracy_P >= 0.9418).sum()) == 16
    space = NasBench201Space(SpaceConfig(name="nasbench201"))
    task = Task(in_channels=3, image_size=(32, 32), num_classes=10)
    sizes = SizeTable(space.skeleton(NetworkConfig(channels=16, cells_per_stage=5), task))
    assert int((sizes.num_params(table.architectures) == table.num_params_P).sum()) == 15_475
    assert (sizes.macs(table.architectures) == table.macs_P).all()
