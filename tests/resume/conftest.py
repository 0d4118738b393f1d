"""A micro search in a process of its own, and the outcome of an undisturbed one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.resume.outcome import outcome

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")


def start(*words: str) -> subprocess.Popen[str]:
    """``worker.py`` with these words; all it prints in one pipe."""
    return subprocess.Popen(
        [sys.executable, str(WORKER), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a search that nobody disturbs ends with."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    process = start("search", str(folder))
    text, _ = process.communicate()
    assert process.returncode == 0, text
    return outcome(folder)
