"""Fuzz images in .npz: ``python fuzz/npz_images.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("npz")
