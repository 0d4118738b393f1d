"""A micro search in a process of its own, and the outcome of an undisturbed one."""

from __future__ import annotations

import pytest
from tests.processes import Forked
from tests.resume import worker
from tests.resume.outcome import outcome


def start(*words: str) -> Forked:
    """``worker.main`` with these words."""
    return Forked(worker.main, *words)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a search that nobody disturbs ends with."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    code, text = start("search", str(folder)).ended()
    assert code == 0, text
    return outcome(folder)
