"""What the documents show is true: code blocks that can run do run, settings and commands exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from bnao.cli.main import COMMANDS, main
from bnao.loop.config import SearchConfig
from bnao.loop.train.config import TrainConfig
from bnao.settings import leaves, update

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/design.md",
    "docs/reading-the-report.md",
    "docs/export.md",
    "docs/limits.md",
    "docs/planning.md",
    "docs/own-model.md",
    "docs/examples.md",
    "docs/training.md",
]
BLOCK = re.compile(r"^(<!-- not run[^\n]*-->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> list[str]:
    """Code blocks of one language that are not marked as taking too long."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [code for skip, name, code in BLOCK.findall(text) if name == language and not skip]


def command_lines() -> list[list[str]]:
    lines = "".join(block for document in DOCUMENTS for block in blocks(document, "bash")).splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("bnao ")]


def test_readme_python(capsys: pytest.CaptureFixture[str]) -> None:
    for code in blocks("README.md", "python"):
        exec(compile(code, "README.md", "exec"), {})
    configured, *asked = capsys.readouterr().out.splitlines()
    assert configured == "4.0 project"
    assert len(set(asked)) == 3
    assert all(line.count("|") == 1 for line in asked)


def test_limits_python(capsys: pytest.CaptureFixture[str]) -> None:
    for code in blocks("docs/limits.md", "python"):
        exec(compile(code, "docs/limits.md", "exec"), {})
    assert capsys.readouterr().out == "True\n"


def test_training_python(capsys: pytest.CaptureFixture[str]) -> None:
    for code in blocks("docs/training.md", "python"):
        exec(compile(code, "docs/training.md", "exec"), {})
    assert capsys.readouterr().out == "44 0.4\n"


def test_own_model_python(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "example"}
    for code in blocks("docs/own-model.md", "python"):
        exec(compile(code, "docs/own-model.md", "exec"), scope)
    assert capsys.readouterr().out == "True True Net\n"
    assert (tmp_path / "own.html").exists()


def test_contributing_python(monkeypatch: pytest.MonkeyPatch) -> None:
    from bnao.ops import OPERATIONS

    monkeypatch.setattr(OPERATIONS, "_parts", dict(OPERATIONS._parts))  # what the example registers is gone afterwards
    for code in blocks("CONTRIBUTING.md", "python"):
        exec(compile(code, "CONTRIBUTING.md", "exec"), {})
    module = OPERATIONS.get("conv_1x1").build(4, 6, 2)
    assert sum(parameter.numel() for parameter in module.parameters()) == 4 * 6 + 2 * 6


def test_readme_toml() -> None:
    for code in blocks("README.md", "toml"):
        update(SearchConfig(), tomllib.loads(code))


def test_bases_exist() -> None:
    for path in re.findall(r"`(src/[\w./]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_commands(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert words[1] in COMMANDS
    if words[1] in ("size", "list") or "--help" in words:
        assert main(words[1:]) == 0
        assert capsys.readouterr().out
    flags = {word.removeprefix("--").replace("-", "_") for word in words if word.startswith("--") and "." in word}
    assert flags <= set(leaves(TrainConfig() if words[1] == "train" else SearchConfig()))


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md", "docs/log.md"])
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target
