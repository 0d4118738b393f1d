"""Fuzz results of searches: ``python fuzz/results.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("result")
