"""The page in a real browser: no console message, the figures of the run, light, dark, and no wider than a phone."""

from __future__ import annotations

import html
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.report.web.conftest import Page
from tests.report.web.test_live import served

from bnao.loop.result import read_result
from bnao.storage import RunFolder
from bnao.storage.pool_csv import pool_entries

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on the path")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--v=0"),
]


def browse(tmp_path: Path, *words: str) -> str:
    """What the browser writes to stdout; it must have nothing to say on the page's console."""
    done = subprocess.run(
        [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *words],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not said, said
    return done.stdout


def screenshot(tmp_path: Path, name: str, address: str, *words: str, width: int = 1000) -> Image.Image:
    path = tmp_path / f"{name}.png"
    browse(tmp_path, f"--screenshot={path}", f"--window-size={width},1600", *words, address)
    return Image.open(path).convert("RGB")


def test_the_figures_it_shows_are_those_of_the_run(finished: Path, tmp_path: Path) -> None:
    page = Page(browse(tmp_path, "--dump-dom", (finished / "report.html").as_uri()))
    run = RunFolder.open(finished)
    assert float(page.keys["winner-accuracy"]) == read_result(run).winner.test_metric
    assert int(page.keys["winner-params"]) == read_result(run).winner.num_params
    assert int(page.keys["pool-size"]) == len(pool_entries(run.pool_path))
    assert page.tags.count("svg") >= 6


def test_light_and_dark(finished: Path, tmp_path: Path) -> None:
    address = (finished / "report.html").as_uri()
    light = screenshot(tmp_path, "light", address)
    dark = screenshot(tmp_path, "dark", address, "--blink-settings=preferredColorScheme=0")
    means = []
    for image in (light, dark):
        colours = image.getcolors(maxcolors=1 << 22)
        assert colours is not None and len(colours) > 200  # not blank
        means.append(float(np.asarray(image.convert("L")).mean()))
    assert means[0] > 200 and means[1] < 80


def test_no_wider_than_a_phone(finished: Path, tmp_path: Path) -> None:
    content = html.escape((finished / "report.html").read_text(encoding="utf-8"), quote=True)
    frame = tmp_path / "phone.html"
    frame.write_text(
        '<link rel="icon" href="data:,"><body style="margin:0"><p id="widths"></p>'
        f'<iframe style="width:390px;height:1500px;border:0" srcdoc="{content}"></iframe><script>'
        'document.querySelector("iframe").onload = e => { const root = e.target.contentDocument.documentElement;'
        'document.querySelector("#widths").textContent ='
        " `wide ${root.scrollWidth} of ${root.clientWidth}`; };</script>",
        encoding="utf-8",
    )
    assert "wide 390 of 390" in browse(tmp_path, "--dump-dom", "--virtual-time-budget=4000", frame.as_uri())
    image = screenshot(tmp_path, "phone", frame.as_uri(), width=500)
    colours = image.crop((0, 0, 390, 1600)).getcolors(maxcolors=1 << 22)
    assert colours is not None and len(colours) > 100


def test_the_live_page(finished: Path, tmp_path: Path) -> None:
    with served(finished) as page:
        dom = browse(tmp_path, "--dump-dom", "--virtual-time-budget=9000", page.address)
    assert Page(dom).keys["status"] == "finished"
