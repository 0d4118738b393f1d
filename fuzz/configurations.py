"""Fuzz configuration files: ``python fuzz/configurations.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("toml")
