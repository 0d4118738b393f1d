"""Shared by all tests: one thread for each worker, and nothing of a run or a cache outside temporary folders.

Workers of ``pytest -n 2`` begin with one half each, in the order of the files, so that most of what is made once for
many tests is made in one worker; one that has finished takes over tests of the other.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait leave the core to the other worker's
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("BNAO_STATE", tempfile.mkdtemp(prefix="bnao-state-"))  # plugins that tests trust

import pytest
from hypothesis import settings

settings.register_profile("bnao", deadline=None, print_blob=True)  # machines differ in speed; no test asserts a time
settings.load_profile("bnao")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests are taken over (``--dist worksteal``) where no other way is asked for."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(scope="session", autouse=True)
def _unsynced() -> Iterator[None]:
    """Nothing waits for the disk: what a flush is for, a power cut, no test can try. Tests of a refused flush do."""
    with mock.patch.object(os, "fsync", lambda handle: None):
        yield


@pytest.fixture(scope="session")
def micro(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The finished micro search, run once for all tests that only look at its outcome, and what it said."""
    from tests.loop.conftest import MICRO, Recorder

    import bnao.api as api

    recorder = Recorder()
    out = tmp_path_factory.mktemp("micro") / "run"
    return api.search(MICRO, out, recipe="micro", listener=recorder), recorder


@pytest.fixture
def drawn() -> None:
    """The searches of a test draw their reports, also where :func:`undrawn` is for all tests of a folder."""


@pytest.fixture
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The searches of a test draw no report: other tests look at those, and one costs a quarter of a micro search."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr("bnao.report.web.page.write_report", lambda run, path=None, space=None: run.path)
