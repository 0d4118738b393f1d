"""Which stored rows a benchmark keeps, and which it makes anew."""

from __future__ import annotations

import importlib.util
import json
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(folder: str, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{folder}_{name}", FOLDER / folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_rows_of_another_budget_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    run, methods = load("tabular", "run", monkeypatch), load("tabular", "methods", monkeypatch)
    monkeypatch.setitem(sys.modules, "methods", methods)
    rows = [{"method": "nao", "seed": seed, "queries": queries} for seed, queries in enumerate((99, 100, 101))]
    assert [r["seed"] for r in run.of_this_budget(rows)] == [1]
    stored = run.read(FOLDER / "tabular" / "results.json")
    assert run.of_this_budget(stored) == stored


def test_rows_of_seeds_that_are_not_asked_for_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load("ranking", "whole_search", monkeypatch)
    stored = json.loads((whole.HERE / "whole_search.json").read_text())["rows"]
    (tmp_path / "stored.json").write_text(json.dumps({"rows": stored}))
    monkeypatch.setattr(whole, "HERE", tmp_path)
    table = SimpleNamespace(architectures=[], test_accuracy_P=[])
    monkeypatch.setattr("bnao.evaluation.tables.read_table", lambda path: table)
    whole.report(Namespace(table=tmp_path / "none", work=tmp_path, seeds=1, settings="stored"))
    assert json.loads((tmp_path / "stored.json").read_text())["rows"] == stored and len(stored) > 1
