from __future__ import annotations

import re

import pytest

from bnao.cli.list_command import TABLES
from bnao.cli.main import main


@pytest.mark.parametrize("kind", TABLES)
def test_every_part_has_a_description(kind: str) -> None:
    rows = TABLES[kind]()
    assert rows
    assert [name for name, text in rows.items() if not text] == []


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("recipes", "demo"),
        ("spaces", "nao_cell"),
        ("ops", "sep_conv_3x3"),
        ("policies", "size_proportional"),
        ("proposers", "nao"),
        ("data", "sample"),
    ],
)
def test_tables(kind: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind]) == 0
    assert re.search(rf"^\s*{part}\s", capsys.readouterr().out, re.MULTILINE)


def test_all_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert all(kind in out for kind in TABLES)
