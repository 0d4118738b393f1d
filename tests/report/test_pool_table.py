from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from bnao.report.pool_table import ordered, print_pool
from bnao.storage import PoolEntry

ENTRIES = [
    PoolEntry(
        id=f"{k:016x}", text=f"{k} 1 1 2 | 0 1 1 2", round=1 + k % 2, origin="[nao]", num_params=1000 * (5 - k % 5),
        macs=10**6 * (k + 1), score=-0.1 * k if k < 8 else None, score_round=1 if k in (0, 1) else 2, predicted=None,
    )
    for k in range(30)
]  # fmt: skip
ENTRIES[8:] = [replace(e, score_round=None) for e in ENTRIES[8:]]


def test_order() -> None:
    assert [int(e.id, 16) for e in ordered(ENTRIES)] == [2, 3, 4, 5, 6, 7, 0, 1, *range(8, 30)]
    assert [int(e.id, 16) for e in ordered(ENTRIES, "params", 4)] == [4, 9, 14, 19]
    assert ordered(ENTRIES, "macs") == ENTRIES and ordered([], "score", 3) == []


@pytest.mark.parametrize("width", [40, 80, 200])
def test_table(width: int) -> None:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        print_pool(ENTRIES, console)
    text = captured.get()
    assert max(map(len, text.splitlines())) <= width
    if width == 200:
        lines = text.splitlines()
        assert "30 architectures, best score first, 20 of them shown" in text and len(lines) == 23
        assert lines[3].split()[:4] == ["-0.2000", "-", "3.00", "k"]
        assert "[nao] (1)" in lines[3]


def test_empty_and_ascii() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        print_pool([], console, order="macs")
    assert "0 architectures" in captured.get() and "empty" in captured.get()
