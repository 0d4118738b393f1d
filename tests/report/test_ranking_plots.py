from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from bnao.ranking import Estimate
from bnao.report.ranking_plots import TauCurve, score_truth, size_groups, tau_curve
from bnao.report.web.figure import VARIABLES, WIDTH, _legend_width


def scattered(num: int, sizes: int = 50, prefix: str = "p-") -> str:
    rng = np.random.default_rng(0)
    return score_truth(
        rng.random(num).tolist(), rng.random(num).tolist(), (1000.0 * rng.integers(1, sizes + 1, num)).tolist(), prefix
    )


def along(num: int, prefix: str = "p-") -> str:
    values = [(float(k), Estimate(0.1 * k, 0.1 * k - 0.2, 0.1 * k + 0.2, 100)) for k in range(1, num + 1)]
    curves = [TauCurve("overall", values), TauCurve("within equal size", values[::-1])]
    return tau_curve(curves, prefix, levels=[("size alone", 0.3), ("none", float("nan"))])


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("num", [1, 2, 40, 1500])
@pytest.mark.parametrize("draw", [scattered, along])
def test_an_svg_in_the_colours_of_the_page(draw: object, num: int) -> None:
    svg = scattered(num) if draw is scattered else along(min(num, 40))
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg") and root.attrib["role"] == "img" and root.attrib["aria-label"]
    assert not re.search(r"#[0-9a-fA-F]{6}\b|<style|<script", svg) and len(svg) < 200_000
    assert set(re.findall(r"var\((--\w+)\)", svg)) <= set(VARIABLES.values())


def test_what_the_reader_is_told() -> None:
    shown = texts(scattered(40, sizes=2))
    assert {"1.00 k", "2.00 k", "best score", "stand-alone accuracy", "one-shot score"} <= set(shown)
    shown = texts(along(4))
    assert {"overall", "within equal size", "size alone", "round", "Kendall's tau"} <= set(shown)
    assert "none" not in shown


def test_nothing_to_draw() -> None:
    assert score_truth([], [], [], "p-") == "" == score_truth([float("nan")], [0.5], [1], "p-")
    missing = Estimate(None, None, None, 3, "too few")
    assert tau_curve([TauCurve("a"), TauCurve("b", [(1, missing)])], "p-") == ""


def test_size_groups_hold_every_architecture_once_in_order() -> None:
    sizes = np.random.default_rng(1).integers(1, 10**6, 101).tolist()
    groups = size_groups(sizes)
    assert len(groups) == 4 and sorted(k for _, members in groups for k in members) == list(range(101))
    assert all(20 <= len(members) <= 30 for _, members in groups)
    tops = [max(sizes[k] for k in members) for _, members in groups]
    assert tops == sorted(tops)
    assert [len(members) for _, members in size_groups([7.0] * 5)] == [5]


def test_ids_begin_with_the_prefix() -> None:
    for svg in (scattered(40, prefix="one-"), along(4, prefix="one-")):
        assert all(name.startswith("one-") for name in re.findall(r'\bid="([^"]+)"', svg))


def test_the_legend_of_five_names_is_not_cut_off() -> None:
    names = ["30.6 k – 39.9 k", "41.3 k – 46.7 k", "47.0 k – 48.8 k", "57.8 k – 63.8 k", "best score"]
    assert _legend_width(names, 4) > 72 * WIDTH > _legend_width(names, 3)  # four columns: 2, 1, 1, 1 names


def test_equal_scores_are_all_ringed() -> None:
    """They are no order: which of them is best alone says nothing of the score."""

    def rings(scores: list[float]) -> int:
        return score_truth(scores, [0.1, 0.2, 0.3, 0.4], [1000.0] * 4, "p-").count("stroke: var(--accent)")

    one = rings([4.0, 3.0, 2.0, 1.0])
    assert rings([4.0, 4.0, 4.0, 1.0]) - one == 2
