"""Fuzz manifests of runs: ``python fuzz/manifests.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("manifest")
