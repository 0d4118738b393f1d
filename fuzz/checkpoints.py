"""Fuzz checkpoints: ``python fuzz/checkpoints.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("checkpoint")
