"""Fuzz tar archives: ``python fuzz/tar_archives.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("tar")
