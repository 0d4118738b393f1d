"""Shared by all tests: one thread for each worker, and nothing of a run or a cache outside temporary folders."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("BNAO_STATE", tempfile.mkdtemp(prefix="bnao-state-"))  # plugins that tests trust

from hypothesis import settings

settings.register_profile("bnao", deadline=None, print_blob=True)  # machines differ in speed; no test asserts a time
settings.load_profile("bnao")
