"""A micro search in a process of its own, and the outcome of an undisturbed one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.processes import Forked
from tests.resume import worker
from tests.resume.outcome import outcome


def start(*words: str) -> Forked:
    """``worker.main`` with these words."""
    return Forked(worker.main, *words)


@pytest.fixture(autouse=True)
def _undrawn(undrawn: None) -> None:
    """Searches in the process of the test draw no report; those in processes of their own do."""


@pytest.fixture(scope="session")
def undisturbed(micro: Any) -> dict[str, str]:
    """What a search that nobody disturbs ends with."""
    return outcome(micro[0].path)
