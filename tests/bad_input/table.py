"""All cases by topic, and the page that shows them."""

from __future__ import annotations

import re
from pathlib import Path

from . import (
    architecture_cases,
    command_cases,
    data_cases,
    delivery_cases,
    folder_cases,
    name_cases,
    rank_cases,
    resume_cases,
    run_cases,
    setting_cases,
    toml_cases,
    train_cases,
)
from .case import Case, run_in_new_folder

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"

TOPICS: dict[str, list[Case]] = {
    "Commands and flags": command_cases.CASES,
    "Names": name_cases.CASES,
    "Values of settings": setting_cases.CASES,
    "Configuration files": toml_cases.CASES,
    "Files of arrays": data_cases.CASES,
    "Folders of pictures": folder_cases.CASES,
    "Run folders": run_cases.CASES,
    "Going on, other budgets, pools, reports": resume_cases.CASES,
    "Measuring the ranking": rank_cases.CASES,
    "Delivering, verifying, Python files of your own": delivery_cases.CASES,
    "Training one network in full": train_cases.CASES,
    "Architectures": architecture_cases.CASES,
}

HEAD = """# Bad input

What `bnao` answers to input that it cannot use: one line on stderr that states the rule, the value and the remedy, and
exit code 2. Nothing is written. Every line below was printed by the program (`python scripts/bad_inputs.py` writes this
page; `tests/bad_input` runs every case and holds that its message is still on this page). Words of Python and of its
libraries, in parentheses, differ between their versions.
"""


def page() -> str:
    """The page, from what the program says now."""
    parts = [HEAD]
    for topic, cases in TOPICS.items():
        rows = [row(bad, run_in_new_folder(bad).message) for bad in cases if not bad.pending]
        parts.append("\n".join([f"## {topic}", "| what is wrong | command | message |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def row(bad: Case, message: str) -> str:
    """One line of the table."""
    message = re.sub(r"20\d\d-\d\d-\d\dT[\d:]+(?=\+00:00)", "2026-01-01T12:00:00", message)  # when the run began
    message = re.sub(r"process \d+ on \S+ since", "process 4242 on this-machine since", message)
    return f"| {cell(bad.name)} | {code(bad.command)} | {cell(message)} |"


def cell(text: str) -> str:
    """Text that Markdown and HTML leave as it is; a very long word is shortened."""
    text = shorter(text).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for mark in "|*_`[":
        text = text.replace(mark, "\\" + mark)
    return text


def code(text: str) -> str:
    """A command in a cell."""
    return f"`{shorter(text).replace('|', chr(92) + '|')}`"


def shorter(text: str) -> str:
    """Words of more than 80 characters cut, control characters shown."""
    words = [word if len(word) <= 80 else f"{word[:30]}...{word[-10:]}" for word in text.split(" ")]
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(words))
