"""Every case of bad input: one line that states rule, value and remedy, exit code 2, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from .case import Case, run
from .table import PAGE, TOPICS, cell, code

CASES = [(topic, bad) for topic, cases in TOPICS.items() for bad in cases]


@pytest.mark.parametrize(("topic", "bad"), CASES, ids=[f"{topic}: {bad.name}" for topic, bad in CASES])
def test_is_one_line_and_leaves_nothing(topic: str, bad: Case, tmp_path: Path) -> None:
    if bad.pending:
        pytest.skip(bad.pending)
    outcome = run(bad, tmp_path)
    assert outcome.code == 2
    assert outcome.stderr.startswith("bnao: error: ") and outcome.stderr.count("\n") == 1
    assert "Traceback" not in outcome.stderr
    assert [words for words in bad.says if words not in outcome.message] == [], outcome.message
    assert len(outcome.message) <= 800
    assert bad.runs or outcome.changed == ()


def test_names_are_distinct() -> None:
    for topic, cases in TOPICS.items():
        names = [bad.name for bad in cases]
        assert len(set(names)) == len(names), topic


def test_page_is_up_to_date() -> None:
    """Run `python scripts/bad_inputs.py` after a change of cases or messages."""
    rows = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        topic, *lines = part.splitlines()
        rows[topic] = [line for line in lines if line.startswith("| ")][1:]
    assert list(rows) == list(TOPICS)
    for topic, cases in TOPICS.items():
        shown = [bad for bad in cases if not bad.pending]
        assert len(rows[topic]) == len(shown)
        for bad, line in zip(shown, rows[topic], strict=True):
            assert line.startswith(f"| {cell(bad.name)} | {code(bad.command)} | "), line
            assert [words for words in bad.says if cell(words) not in line] == [], line
