from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from bnao.report.web.figure import VARIABLES
from bnao.report.web.plots import Curve, SizeScore, best_of, curves, pool_rounds, predictor, size_score

LIMIT = 120_000
NASTY = "_<script>alert('$x_1$ & \\frac{')</script>\n\x00名"


def draw(kind: str, n: int, prefix: str, name: str = "round 1", spread: float = 1.0) -> str:
    rng = np.random.default_rng(0)
    values = [float(v) for v in 0.5 + 0.05 * spread * rng.standard_normal(n)]
    epochs = [[(float(e), v / e) for e in range(1, 61)] for v in values]
    return {
        "size": lambda: size_score(
            [SizeScore(int(10 ** (5 + 2 * spread * i / max(n, 1))), v, i % 3, i < 3) for i, v in enumerate(values)],
            prefix,
        ),
        "predictor": lambda: predictor([(v, v, f"{name} {i % 3}") for i, v in enumerate(values)], prefix),
        "pool": lambda: pool_rounds([(name, values[::2]), ("later", values[1::2])], prefix),
        "loss": lambda: curves([Curve(name, e, name) for e in epochs], prefix, "loss"),
        "accuracy": lambda: curves([Curve(name, e[:1], "final") for e in epochs], prefix, "accuracy", is_share=True),
        "best": lambda: best_of(values, values[:-1], (n, 0.6, 0.55, 0.65) if n else None, prefix),
    }[kind]()


KINDS = ["size", "predictor", "pool", "loss", "accuracy", "best"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@every_kind
@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 2, 5, 40, 301, 3000])
def test_any_number_of_points(kind: str, n: int, spread: float) -> None:
    svg = draw(kind, n, "p-", spread=spread)
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg") and root.attrib["class"] == "plot" and root.attrib["role"] == "img"
    assert root.attrib["aria-label"] and "viewBox" in root.attrib and not {"width", "height"} & set(root.attrib)
    assert len(svg.encode()) < LIMIT
    assert not re.search(r"#[0-9a-fA-F]{6}\b|<\?xml|<!DOCTYPE|<style|<metadata|<image|<!--", svg)
    assert set(re.findall(r"var\((--\w+)\)", svg)) <= set(VARIABLES.values())
    assert "var(--ink)" in svg and "var(--c" in svg


@pytest.mark.parametrize("kind", ["size", "predictor", "pool", "best"])
def test_still_more_points_are_selected_from(kind: str) -> None:
    assert len(draw(kind, 20_000, "p-").encode()) < LIMIT


@every_kind
def test_nothing_to_draw(kind: str) -> None:
    assert draw(kind, 0, "p-") == ""


def test_figures_that_are_not_finite_are_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    assert size_score([SizeScore(10, nan, 1, True)], "p-") == ""
    assert predictor([(nan, 0.1, "a"), (0.1, inf, "b")], "p-") == ""
    assert pool_rounds([("a", [nan]), ("b", [])], "p-") == ""
    assert curves([Curve("a", [(1, nan)]), Curve("b")], "p-", "loss") == ""
    assert best_of([nan], [], (3, nan, 0.1, 0.2), "p-") == ""
    assert "nan" not in best_of([0.5, nan], [inf], (3, 0.6, 0.5, inf), "p-")


@every_kind
def test_ids_are_unique_in_a_page_of_two(kind: str) -> None:
    page = "".join(draw(kind, 40, prefix) for prefix in ("one-", "two-"))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert ids and len(set(ids)) == len(ids) and all(name.startswith(("one-", "two-")) for name in ids)
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page)) <= {(i, "") for i in ids} | {("", i) for i in ids}


@every_kind
def test_same_bytes_again(kind: str) -> None:
    assert draw(kind, 40, "p-") == draw(kind, 40, "p-")


def test_same_bytes_in_another_process() -> None:
    code = "from bnao.report.web.plots import *; print(best_of([0.5, 0.6], [0.4], (3, 0.6, 0.5, 0.7), 'p-'), end='')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stdout.decode() == best_of([0.5, 0.6], [0.4], (3, 0.6, 0.5, 0.7), "p-")


@pytest.mark.parametrize("kind", ["predictor", "pool", "loss"])
def test_names_are_text(kind: str) -> None:
    svg = draw(kind, 5, "p-", NASTY)
    assert "<script" not in svg and "\x00" not in svg
    named = [text for text in texts(svg) if text.startswith("_<script>alert('$x_1$")]
    assert named  # as it was written: neither markup nor a formula


def test_long_names_are_cut() -> None:
    assert max(map(len, texts(draw("predictor", 5, "p-", "long " * 40)))) == 40


def test_sizes_on_a_logarithmic_axis_when_they_span_much() -> None:
    wide = size_score([SizeScore(10_000, 0.1, 1, False), SizeScore(1_000_000, 0.2, 1, False)], "p-")
    assert {"10 k", "100 k", "1 M"} <= set(texts(wide))
    near = size_score([SizeScore(100_000, 0.1, 1, False), SizeScore(200_000, 0.2, 1, False)], "p-")
    assert {"120 k", "140 k", "160 k"} <= set(texts(near))


def test_what_the_reader_is_told() -> None:
    shown = texts(best_of([0.5, 0.6], [0.4], (12, 0.65, 0.6, 0.7), "p-"))
    assert {"searched", "2 networks", "random", "1 network", "best 60.0 %", "of 12 random", "65.0 %"} <= set(shown)
    assert "trained alone" in texts(draw("size", 5, "p-")) and "round 2" in texts(draw("size", 5, "p-"))
    assert "accuracy" in texts(draw("accuracy", 2, "p-"))


@every_kind
def test_settings_of_matplotlib_stay(kind: str) -> None:
    with matplotlib.rc_context({"axes.facecolor": "#123456", "font.size": 31, "text.usetex": True}):
        before = dict(matplotlib.rcParams)
        svg = draw(kind, 5, "p-")
        assert dict(matplotlib.rcParams) == before
    assert svg == draw(kind, 5, "p-")  # nor do they matter


def test_matplotlib_is_imported_when_something_is_drawn() -> None:
    code = "import bnao.report, bnao.report.web.plots, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_pyplot_is_not_used() -> None:
    code = (
        "import sys; from bnao.report.web.plots import best_of; best_of([0.5], [], None, 'p-');"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
