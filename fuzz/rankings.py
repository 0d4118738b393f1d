"""Fuzz results of rankings: ``python fuzz/rankings.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("ranking")
