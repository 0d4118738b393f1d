"""Figures of the ranking study say what they claim: equal scores are no order, runs of one supernet are no others."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "ranking"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module under its own name, as those beside it import it."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_the_order_of_cells_with_equal_scores_changes_no_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    cells, figures = load("cells", monkeypatch), load("figures", monkeypatch)
    architectures = [cells.SPACE.grammar.nth(k) for k in range(14)]

    def accuracies(order: list[int]) -> list[float]:
        sizes_P, truth_P = np.array(2 * [9] + 12 * [3])[order], np.linspace(0.9, 0.5, 14)[order]
        sample = cells.Cells(architectures, truth_P, sizes_P, sizes_P, np.ones((14, 1), int))
        values = figures.Judge(sample).values(sizes_P.astype(float))
        return [float(values[name][0]) for name in ("pick_accuracy", "top10_accuracy")]

    truth = np.linspace(90, 50, 14)
    expected = [truth[:2].mean(), 0.2 * truth[:2].mean() + 0.8 * truth[2:].mean()]
    for order in (list(range(14)), list(range(13, -1, -1))):
        assert accuracies(order) == pytest.approx(expected)


def test_runs_that_share_a_supernet_s_scores_are_not_independent(monkeypatch: pytest.MonkeyPatch) -> None:
    error = load("simulated_search", monkeypatch).standard_error
    values = [1.0, 4.0, 1.0, 4.0, 1.0, 4.0]
    assert error(values, [0, 1, 0, 1, 0, 1]) == pytest.approx(1.5)  # two seeds, with means of 1 and 4
    assert error(values, None) == pytest.approx(np.std(values, ddof=1) / 6**0.5)
    assert np.isnan(error(values, 6 * [0]))
