"""The evaluator over a table: one seed's validation accuracy, twins are one query."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bnao.errors import DataError, SettingError
from bnao.evaluation.tables import read_table
from bnao.evaluation.tabular import TabularEvaluator

from .conftest import SPELLED, TWIN_CANONICAL, TWIN_OTHER, table_rows

Write = Callable[[list[dict[str, str]]], Path]


def test_scores_are_one_seeds_and_twins_are_one_query(write: Write) -> None:
    table = read_table(write(table_rows(TWIN_OTHER, TWIN_CANONICAL, SPELLED)))
    other, canonical, spelled = table.architectures
    evaluator, done = TabularEvaluator(table, seed=1), list[int]()
    scores = evaluator.evaluate([other, canonical, other, spelled], done.append)
    assert scores.values_P.tolist() == scores.metrics_P.tolist() == [0.825, 0.825, 0.825, 0.835]
    assert done == [1, 2, 3, 4] and evaluator.num_queries == 2 and evaluator.queried == (other.id, spelled.id)
    assert "seed 1" in scores.name
    assert TabularEvaluator(table).evaluate([canonical]).values_P.tolist() == [0.815]
    assert evaluator.evaluate([]).values_P.shape == (0,)


def test_what_the_table_does_not_have_is_refused_and_not_counted(write: Write) -> None:
    table = read_table(write(table_rows(SPELLED)))
    evaluator = TabularEvaluator(table, seed=2)
    with pytest.raises(DataError, match=r"no validation accuracy of seed 2 for 3 \| 0 1 \| 0 2 4"):
        evaluator.evaluate(table.architectures)
    with pytest.raises(DataError, match="asked for architectures it holds"):
        evaluator.evaluate([table.grammar.parse(TWIN_OTHER)])
    assert evaluator.num_queries == 0
    with pytest.raises(SettingError, match="seeds are 0 to 2"):
        TabularEvaluator(table, seed=3)
