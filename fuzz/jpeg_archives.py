"""Fuzz JPEG images in .npz: ``python fuzz/jpeg_archives.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("jpeg_npz")
