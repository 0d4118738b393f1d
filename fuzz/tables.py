"""Fuzz tables of trained architectures: ``python fuzz/tables.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("table_csv")
