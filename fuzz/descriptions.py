"""Fuzz architecture.json of an export: ``python fuzz/descriptions.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("description")
