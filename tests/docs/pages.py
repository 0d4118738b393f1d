"""The documents, their code blocks, and how the commands that they show are made small enough to be run by a test.

A block runs unless a comment above it says ``<!-- not run: why -->``. Python that begins with ``# NAME.py``, and TOML
that begins with ``# NAME.toml``, is written to that file. Commands are parsed; below ``<!-- run -->`` they are run,
made small by the settings of this file.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from bnao.loop.config import SearchConfig
from bnao.recipes import load_recipe
from bnao.settings import update_from_toml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
AT_ROOT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
RUN_ELSEWHERE = {
    "docs/export.md": "tests/delivery/test_documents.py",
    "docs/examples.md": "tests/examples/test_examples.py",
    "docs/limits.md": "tests/test_documents.py",
    "docs/own-model.md": "tests/test_documents.py",
    "docs/tabular.md": "tests/evaluation/tables/test_document.py",
}
"""Pages whose Python needs more than an empty folder, and the test that runs it."""

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>(?:not )?run\b[^\n]*?) ?-->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S
)

SMALL = """
[data]
max_train_images = 200
[space]
nodes = 1
[supernet.network]
channels = 4
[supernet.training]
epochs = 1
batch_size = 32
[loop]
pool = 6
rounds = 2
proposals = 2
[controller]
epochs = 2
[check]
when = "never"
[rerank]
top = 1
[rerank.network]
channels = 4
[rerank.training]
epochs = 0.5
batch_size = 32
[final.network]
channels = 4
[final.training]
epochs = 0.5
batch_size = 32
"""
FLAGS = {
    "train": {"--data.max-train-images": "100", "--training.epochs": "1"},
    "search": {"--config": "small.toml", "--data.resolution": "8"},
    "rank": {"--architectures": "5", "--second-seed": "0", "--processes": "1"},
    "export": {"--no-onnx": None},
    "report": {"--open": ""},
}
"""What a test gives each command: a value, None for a switch, an empty text to leave the flag out."""


@dataclass(frozen=True)
class Block:
    """A code block: ``mark`` is the comment above it, or empty."""

    language: str
    code: str
    mark: str

    @property
    def file(self) -> str:
        """The name of the file that it is, or empty."""
        named = re.match(r"# ([\w-]+\.(?:py|toml))\n", self.code)
        return named[1] if named else ""

    @property
    def runs(self) -> bool:
        """Python and TOML: unless it says not; commands: only if it says so."""
        return self.mark == "run" if self.language == "bash" else not self.mark.startswith("not run")

    @property
    def commands(self) -> list[list[str]]:
        """The words of each line that calls ``bnao``."""
        lines = self.code.replace("\\\n", " ").splitlines() if self.language == "bash" else []
        return [shlex.split(line, comments=True) for line in lines if line.startswith("bnao")]


def documents() -> list[str]:
    """All documents, by their path below the root."""
    return [*AT_ROOT, *sorted(path.relative_to(ROOT).as_posix() for path in DOCS.rglob("*.md"))]


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(document: str) -> list[Block]:
    found = _BLOCK.finditer(text_of(document))
    return [Block(match["language"], match["code"], match["mark"] or "") for match in found]


def small(words: list[str]) -> list[str]:
    """A command as a test runs it."""
    for flag, value in FLAGS.get(words[1], {}).items():
        if flag in words:
            at = words.index(flag)
            words = words[:at] + words[at + (2 if value else 1) :]
        words = words + ([] if value == "" else [flag] if value is None else [flag, value])
    return words


def settings_of(recipe: str, file: Path) -> SearchConfig:
    """What ``bnao search --recipe RECIPE --config FILE`` reads. Raises SettingError."""
    return update_from_toml(load_recipe(recipe), file)
