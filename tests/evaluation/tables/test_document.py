"""The example of docs/tabular.md runs, on a small table."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from bnao.spaces.nasbench201.cells import representatives

from .conftest import csv_text, table_rows

DOCUMENT = Path(__file__).parents[3] / "docs" / "tabular.md"


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cells = ["{} | {} {} | {} {} {}".format(*cell) for cell in representatives()]
    made_up = {name: str(90 - n / 100) for n, name in enumerate(("valid_acc_s0", "valid_acc_s1", "test_acc"))}
    rows = [{**row, **made_up} for row in table_rows(*cells)]
    (tmp_path / "nasbench201.csv.gz").write_bytes(gzip.compress(csv_text(rows).encode()))
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    few = code.replace("ControllerConfig()", "ControllerConfig(epochs=5)")
    assert few != code
    exec(compile(few, "tabular.md", "exec"), {})
    assert re.fullmatch(r".+: validation 0\.\d{4}, test 0\.\d{4} after 30 queries\n", capsys.readouterr().out)
