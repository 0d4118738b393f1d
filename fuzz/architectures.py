"""Fuzz architecture text of every space: ``python fuzz/architectures.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("architecture")
