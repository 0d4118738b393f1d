"""Fuzz pickles of CIFAR archives: ``python fuzz/cifar_pickles.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("pickles")
