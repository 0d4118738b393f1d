"""Fuzz results of trainings: ``python fuzz/trainings.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("training")
