"""The page says what the run's files say, needs nothing else, and bears with any run and any name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from tests.loop.conftest import MICRO, Enough, StopAt
from tests.report.web.conftest import Page

import bnao.api as api
from bnao.loop.config import FinalConfig
from bnao.loop.result import read_result
from bnao.report.web.page import render_report, write_report
from bnao.storage import PoolEntry, RunFolder
from bnao.storage.pool_csv import pool_entries


def checked(text: str) -> Page:
    """The page, whole, with no id twice, no script, and nothing to fetch."""
    page = Page(text)
    assert not page.wrong and page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert all(link.startswith(("#", "data:,")) for link in page.links), page.links
    assert "script" not in page.tags and "url(http" not in text and "@import" not in text
    assert all(f"#{name}" in page.links for name in ("winner", "random", "pool", "coverage"))
    return page


def test_key_figures_are_those_of_the_result_and_the_pool(finished: Path) -> None:
    run = RunFolder.open(finished)
    page, result = checked((finished / "report.html").read_text(encoding="utf-8")), read_result(run)
    entries = pool_entries(run.pool_path)
    assert float(page.keys["winner-accuracy"]) == result.winner.test_metric
    assert int(page.keys["winner-params"]) == result.winner.num_params
    assert int(page.keys["winner-macs"]) == result.winner.macs
    assert float(page.keys["gain"]) == result.gain
    assert page.keys["winner-id"] == result.winner.id and page.keys["status"] == "finished"
    assert int(page.keys["pool-size"]) == len(entries)
    correlation = spearmanr([e.score for e in entries], [e.num_params for e in entries]).statistic
    assert float(page.keys["size-spearman"]) == pytest.approx(correlation)


def test_equal_folders_give_equal_pages(finished: Path) -> None:
    run = RunFolder.open(finished)
    assert render_report(run) == render_report(RunFolder.open(finished))
    assert write_report(run).read_text(encoding="utf-8") == render_report(run)


def test_runs_with_less_to_show(finished: Path, tmp_path: Path) -> None:
    bare = replace(MICRO, rerank=replace(MICRO.rerank, random=0), final=FinalConfig(mode="rerank"))
    page = (api.search(bare, tmp_path / "bare").path / "report.html").read_text(encoding="utf-8")
    assert "No random networks were trained" in page and "gain" not in checked(page).keys
    picked = api.pick(finished, tmp_path / "pick", max_params=10**9)
    page = (picked.path / "report.html").read_text(encoding="utf-8")
    assert "taken from another run" in page
    checked(page)


@pytest.mark.parametrize("stage", ["", "data", "supernet-1", "scoring-1", "rerank"])
def test_runs_that_have_not_finished(stage: str, tmp_path: Path) -> None:
    stop = StopAt("search_started") if stage == "data" else StopAt("stage_finished", stage=stage)
    if stage:
        with pytest.raises(Enough):
            api.search(MICRO, tmp_path / "run", listener=stop)
    else:
        RunFolder.create(tmp_path / "run", config=MICRO, recipe="micro").close()
    run = RunFolder.open(tmp_path / "run")
    page = checked(render_report(run))
    assert page.keys["status"] == "running" and ("winner-id" in page.keys) == (stage in ("scoring-1", "rerank"))
    assert "script" in Page(render_report(run, live=True)).tags


def test_names_are_text_and_no_markup(tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script>"
    path = tmp_path / "<img src=x onerror=alert(1)>"
    with RunFolder.create(path, config=MICRO, recipe=nasty) as run:
        with run.event_log() as log:
            log.event("search_started", device=nasty, threads=1, space_size=nasty)
            log.event("sampling", text=nasty)
            log.event("epoch", stage=nasty, architecture=nasty, epoch=1, loss=1.0)
            log.event("stage_started", stage="x", title=nasty, total=None, unit="")
        with run.pool() as pool, run.commit() as commit:
            text = str(_architectures(1)[0])
            pool.add([PoolEntry(id=nasty, text=text, round=1, origin=nasty, num_params=9, macs=9, score=1.0)])
            commit.include(pool)
            commit.write_json("score_name.json", nasty)
            commit.write_json("progress.json", {"seconds": {nasty: 1.0}, "figures": {nasty: {nasty: 1.0}},
                                                "unfinished": {}, "warnings": [nasty]})  # fmt: skip
        page = render_report(run)
    assert nasty not in page and "<img" not in page
    checked(page)


def test_a_large_pool_stays_small(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    architectures = _architectures(2000)
    with RunFolder.create(tmp_path / "run", config=MICRO, recipe="micro") as run, run.pool() as pool:
        with run.commit() as commit:
            pool.add(
                PoolEntry(
                    id=a.id, text=str(a), round=1 + k // 500, origin="random",
                    num_params=int(draw.integers(1000, 90_000)), macs=9,
                )
                for k, a in enumerate(architectures)
            )  # fmt: skip
            pool.set_scores(4, {a.id: float(draw.normal()) for a in architectures})
            pool.set_predictions(4, {a.id: float(draw.random()) for a in architectures})
            commit.include(pool)
        page = render_report(run)
    assert len(page.encode()) < 1_000_000
    assert checked(page).keys["pool-size"] == "2000"
    assert re.search(r"2,000|1,500", page)


def _architectures(n: int):
    from bnao.rng import generator
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space

    load_spaces()
    return make_space(MICRO.space).grammar.sample_distinct(n, generator(0, "test"))
