"""The rules of docs/design.md that a machine can check."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "bnao"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A module imports from its own row and from the rows above it. The first row's modules stand alone at the bottom.
ROWS = [
    "base",
    "storage",
    "distributed",
    "arch",
    "ops",
    "spaces",
    "supernet",
    "cost",
    "objective",
    "data",
    "sampling",
    "training",
    "evaluation",
    "controller",
    "ranking",
    "loop",
    "recipes",
    "report",
    "delivery",
    "api",
    "testing",
    "cli",
]
BASE = {"errors", "lazy", "registry", "rng", "task", "settings", "call"}


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def row(module: str) -> int | None:
    """Index of the row that holds a module given by its name below ``bnao``; None for the package itself."""
    top = module.partition(".")[0]
    if top in ("", "__main__"):
        return None
    return ROWS.index("base" if top in BASE else top)


def imported(path: Path) -> set[str]:
    """Names below ``bnao`` that a file imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            assert node.module is not None
            found |= {f"bnao.{alias.name}" for alias in node.names} if node.module == "bnao" else {node.module}
    return {name.removeprefix("bnao.") for name in found if name.startswith("bnao.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: dotted(path) or "bnao")
def test_imports_point_upwards(path: Path) -> None:
    own = row(dotted(path))
    if own is None:
        return
    for name in imported(path) - {"__version__"}:
        other = row(name)
        assert other is None or other <= own, f"{dotted(path)} imports {name}, which is in a row below it"


def test_rows_are_those_of_the_design() -> None:
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = [name.rstrip("/").removesuffix(".py") for name in re.findall(r"^\| `([\w./]+)`", text, re.MULTILINE)]
    assert [name for name in table if name in ROWS] == ROWS[1:]


def test_every_folder_has_a_row() -> None:
    for path in MODULES:
        row(dotted(path))


def test_files_are_small() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {dotted(path): n for path, n in lines.items() if n > 500}
    assert statistics.median(lines.values()) < 150


def test_no_utils() -> None:
    assert not [path for path in MODULES if path.stem in ("util", "utils", "helpers", "misc", "common")]


def abstract_names() -> set[str]:
    """Methods that an abstract class or a protocol of the package documents: an override inherits the docstring."""
    found = set()
    for path in MODULES:
        for parent in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(parent, ast.ClassDef) and {"ABC", "Protocol"} & {ast.unparse(base) for base in parent.bases}:
                members = [node for node in parent.body if isinstance(node, ast.FunctionDef)]
                found |= {node.name for node in members if ast.get_docstring(node)}
    return found


INHERITED = abstract_names()


def public_without_docstring(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    missing = []
    if path.stem != "__init__" and not ast.get_docstring(tree):
        missing.append("module")
    stack: list[tuple[str, ast.AST]] = [("", tree)]
    while stack:
        prefix, parent = stack.pop()
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                if not ast.get_docstring(node) and not (prefix and node.name in INHERITED):
                    missing.append(prefix + node.name)
                if isinstance(node, ast.ClassDef):
                    stack.append((f"{prefix}{node.name}.", node))
    return missing


@pytest.mark.parametrize("path", MODULES, ids=lambda path: dotted(path) or "bnao")
def test_public_names_have_docstrings(path: Path) -> None:
    assert not public_without_docstring(path)


LIGHT = [
    "import bnao",
    "import bnao.loop.config",
    "import bnao.recipes; bnao.recipes.load_recipe('demo')",
    "from bnao.cli import main; main([])",
    "from bnao.cli import main; main(['--help'])",
    "from bnao.cli import main; main(['search', '--help'])",
    "from bnao.cli import main; main(['plan', '--help'])",
    "from bnao.cli import main; main(['train', '--help'])",
    "import bnao.recipes; bnao.recipes.load_train_recipe('imagenet-final')",
    "from bnao.cli import main; main(['size', '--help'])",
    "from bnao.cli import main; main(['list', 'recipes'])",
    "from bnao.cli import main; main(['search', '--loop.pol', '3'])",
    "from bnao.cli import main; main(['resume', 'runs/demo'])",
]


@pytest.mark.parametrize("code", LIGHT)
def test_needs_no_torch(code: str) -> None:
    heavy = "{'torch', 'scipy', 'matplotlib'} & set(sys.modules)"
    check = f"; import sys; sys.exit(str({heavy} or '') or 0)"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["--help"], ["search", "--loop.pol", "3"], ["serch"]])
def test_help_and_wrong_words_need_little(words: list[str]) -> None:
    """NumPy would be a third of their time, and so would what reads Markdown; storage an eighth of a wrong flag's."""
    found = "{'numpy', 'markdown_it', 'bnao.storage'} & set(sys.modules)"
    code = f"import sys; from bnao.cli import main; main({words!r}); sys.exit(str({found} or '') or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_import_does_nothing_else() -> None:
    code = (
        "import logging, os, sys; before = (set(os.listdir()), list(logging.root.handlers), os.environ.copy());"
        "import bnao; assert before == (set(os.listdir()), list(logging.root.handlers), os.environ.copy())"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_version_is_written_once() -> None:
    import bnao

    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"version: {bnao.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
