"""Shared by all tests: one thread for each worker, and nothing of a run or a cache outside temporary folders.

Workers of ``pytest -n 2`` begin with one half each, in the order of the files, so that most of what is made once for
many tests is made in one worker; one that has finished takes over tests of the other.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
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
