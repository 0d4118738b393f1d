"""Fronts and latencies as people see them: tables, plots, the winner's line and the page."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from tests.report.web.conftest import Page as WebPage

from bnao.loop.front import FrontPoint, Fronts, make_front, trained_fronts
from bnao.loop.result import RESULT, SearchResult, WinnerLatency
from bnao.report import print_summary, show_run
from bnao.report.front_plots import front_plot
from bnao.report.front_table import print_fronts
from bnao.report.front_words import MOST_ROWS, front_head, front_rows
from bnao.report.latency_words import latency_note, latency_text
from bnao.report.page import Page
from bnao.report.web.page import render_report
from bnao.storage import RunFolder

MEASURED = WinnerLatency(
    limit_ms=2.0, predicted_ms=1.84, whole_ms=1.9, spread_ms=0.05, table_error=0.031, where="cpu, 1 thread"
)


def points(n: int, arm: str = "") -> list[FrontPoint]:
    """A front of n points, and one that is dominated."""
    found = [
        FrontPoint(id=f"{k:08x}{0:08x}", architecture="", quality=k / 100, cost=1000.0 + k, arm=arm) for k in range(n)
    ]
    return [*found, FrontPoint(id="f" * 16, architecture="", quality=-1.0, cost=5000.0, arm=arm)]


def shown(print_it: Callable[[Console], None]) -> str:
    console = Console(width=110, file=io.StringIO(), record=True)
    print_it(console)
    return console.export_text()


def test_rows_hold_every_cost_and_mark_the_fronts() -> None:
    by_size = make_front("validation accuracy", "parameters", points(3, "searched"), is_share=True)
    other = [replace(p, cost=-p.cost) for p in points(3, "searched")]
    fronts = {"params": by_size, "macs": make_front("validation accuracy", "multiply-adds", other, is_share=True)}
    assert front_head(fronts, arms=True) == ["id", "arm", "validation accuracy", "parameters", "multiply-adds"]
    rows, left_out = front_rows(fronts, arms=True)
    assert left_out == 0 and [row[0] for row in rows] == ["00000000", "00000001", "00000002", "ffffffff"]
    assert rows[2] == ["00000002", "searched", "2.0 %", "● 1.00 k", "● -1002"]
    assert rows[3][3] == "5.00 k" and rows[3][4].startswith("●")


@pytest.mark.parametrize("n", [1, MOST_ROWS, 40])
def test_long_fronts_are_thinned_and_say_so(n: int) -> None:
    fronts = {"params": make_front("one-shot score", "parameters", points(n))}
    rows, left_out = front_rows(fronts, arms=False)
    assert len(rows) == min(n, MOST_ROWS) and len(rows) + left_out == n
    assert rows[0][0] == "00000000" and rows[-1][0] == f"{n - 1:08x}"
    text = shown(lambda console: print_fronts(Fronts(pool=fronts), Page(console)))
    assert "a guess" in text and ("between these" in text) == (left_out > 0)


def test_nothing_to_show() -> None:
    assert shown(lambda console: print_fronts(Fronts(), Page(console))) == ""
    assert front_plot(make_front("one-shot score", "parameters", []), "p-") == ""


@pytest.mark.parametrize("cost", ["parameters", "latency in ms"])
def test_plots_are_one_svg_each(cost: str) -> None:
    front = make_front("validation accuracy", cost, points(5, "searched") + points(2, "random"), is_share=True)
    svg = front_plot(front, "p-", ringed=frozenset([front.points[0].id]))
    root = ElementTree.fromstring(svg)
    texts = " ".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("text"))
    for words in ("searched", "random", "front", "trained alone", cost, "validation accuracy", "%"):
        assert words in texts
    assert "9 networks" in root.attrib["aria-label"]


def test_latency_in_words() -> None:
    assert latency_text(MEASURED) == "1.9 ± 0.05 ms measured whole; at most 2 ms"
    assert latency_note(MEASURED).startswith("cpu, 1 thread; 1.84 ms by the table")
    assert "about 3 %" in latency_note(MEASURED)
    assert "within the spread" in latency_text(replace(MEASURED, whole_ms=2.04))
    assert latency_text(replace(MEASURED, whole_ms=2.06)).endswith("THE LIMIT IS BROKEN")
    assert latency_note(WinnerLatency(limit_ms=2.0, predicted_ms=1.0)) == ""


def test_the_summary_and_the_page_hold_the_latency(make_result: Callable[..., SearchResult], tmp_path: Path) -> None:
    plain = make_result()
    result = replace(
        plain,
        winner=replace(plain.winner, latency=MEASURED),
        trained=[replace(t, latency_ms=2.0 - k / 10) for k, t in enumerate(plain.trained)],
    )
    assert "1.9 ± 0.05 ms measured whole" in " ".join(shown(lambda c: print_summary(result, c)).split())
    assert "latency" not in shown(lambda c: print_summary(plain, c))
    assert set(trained_fronts(result)) == {"params", "macs", "latency_ms"}
    config = {"seed": 7, "space": {}, "data": {"source": "x"}, "supernet": {"source": None}}
    with RunFolder.create(tmp_path / "run", config={**config, "space": {"name": "nao_cell"}}, recipe="demo") as run:
        with run.commit() as commit:
            commit.write_json(RESULT, result)
            commit.set_status("finished")
        page = render_report(run)
        keys = WebPage(page).keys
        assert float(keys["winner-latency"]) == 1.9 and int(keys["front-trained"]) >= 1 and "front-pool" not in keys
        text = shown(lambda c: show_run(run, c))
        assert "Quality against cost" in text and "1.3 ms" in text
