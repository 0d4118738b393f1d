"""Fuzz picture files: ``python fuzz/pictures.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("picture")
