"""Fuzz safetensors, and what a winner's weights say of themselves: ``python fuzz/weight_files.py``."""

from harness import run

run("weights")
