"""Code of the documents at the root, and of pages that need more than a folder; tests/docs has the other pages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bnao.loop.config import SearchConfig
from bnao.settings import update

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^(<!-- not run[^\n]*-->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> list[str]:
    """Code blocks of one language that are not marked as taking too long."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [code for skip, name, code in BLOCK.findall(text) if name == language and not skip]


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


@pytest.mark.parametrize("document", ["docs/faults.md", "SECURITY.md"])
def test_tests_that_are_named_exist(document: str) -> None:
    """``tests/FILE.py::test_name``, and files and functions alone."""
    text = (ROOT / document).read_text(encoding="utf-8")
    everything = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(tests/[\w/.]+|fuzz/[\w.]*|test_\w+)(?:::(test_\w+))?`", text)
    assert len(named) > 5
    for path, function in named:
        if "/" not in path:
            assert f"def {path}(" in everything, path
            continue
        assert (ROOT / path).exists(), path
        assert not function or f"def {function}(" in (ROOT / path).read_text(encoding="utf-8"), (path, function)
