"""Fuzz lock files: ``python fuzz/locks.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("lock")
