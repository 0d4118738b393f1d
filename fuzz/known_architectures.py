"""Fuzz CSV files and pools of known architectures: ``python fuzz/known_architectures.py``."""

from harness import run

run("known_csv")
