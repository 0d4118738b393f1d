"""The page of a training: what it says, its form, that names cannot break it; finished or not."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.loop.conftest import Enough, StopAt
from tests.loop.train.conftest import MICRO
from tests.report.web.conftest import Page

import bnao
from bnao.report.show import show_run
from bnao.report.web.live import LivePage
from bnao.report.web.page import render_report
from bnao.storage import RunFolder


def shown(folder: Path, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width)
    show_run(RunFolder.open(folder), console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> bnao.Training:
    return bnao.train(MICRO, out=tmp_path_factory.mktemp("page") / "<b>run", recipe="<i>micro")


def test_the_page_says_what_the_result_says(training: bnao.Training, tmp_path: Path) -> None:
    text = training.report(tmp_path / "page.html").read_text(encoding="utf-8")
    page, summary = Page(text), training.summary
    assert page.wrong == [] and page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert float(page.keys["test-error"]) == summary.test_error
    assert float(page.keys["best-epoch"]) == 1 - summary.best_accuracy
    assert page.keys["macs"] == str(summary.macs) and page.keys["status"] == "finished"
    assert "chosen on the test images" in text and summary.architecture in text
    assert "<b>run" not in text and "<i>micro" not in text
    assert "script" not in page.tags
    assert text == (training.path / "report.html").read_text(encoding="utf-8")


def test_a_training_that_has_not_finished_has_its_epochs(tmp_path: Path) -> None:
    with pytest.raises(Enough):
        bnao.train(replace(MICRO, save_seconds=0.0), out=tmp_path / "run", listener=StopAt("stage_progress", 9))
    page = Page(render_report(RunFolder.open(tmp_path / "run"), live=True))
    assert page.wrong == [] and page.keys["status"] == "running" and "script" in page.tags
    with LivePage(tmp_path / "run") as live:
        assert b"Test error by epoch" in live.content()
    text = " ".join(shown(tmp_path / "run").split())
    assert "This training has not finished" in text and "bnao resume" in text and "test error" in text


@pytest.mark.parametrize("width", [60, 100])
def test_the_page_in_the_terminal(width: int, training: bnao.Training) -> None:
    text = shown(training.path, width)
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    for part in ("after the last epoch", "do not report it", "the published one", "top-5 error"):
        assert part in flat
