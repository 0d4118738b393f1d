"""Fuzz pool databases: ``python fuzz/pools.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("pool")
