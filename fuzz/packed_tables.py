"""Fuzz packed tables: ``python fuzz/packed_tables.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("table_gzip")
