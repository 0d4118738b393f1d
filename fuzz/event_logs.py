"""Fuzz event logs, shown and drawn: ``python fuzz/event_logs.py [FOLDER] [libFuzzer's options]``."""

from harness import run

run("events")
