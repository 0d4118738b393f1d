"""Fuzz whole CIFAR archives: ``python fuzz/cifar_archives.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("cifar")
