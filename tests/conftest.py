"""Shared by all tests: one thread for each worker, and nothing of a run or a cache outside temporary folders."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import settings

settings.register_profile("bnao", deadline=None, print_blob=True)  # machines differ in speed; no test asserts a time
settings.load_profile("bnao")
