"""The code of the pages runs, in the order in which a reader would run it, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bnao.cli.main import main
from bnao.controller import PROPOSERS
from bnao.data import SOURCES
from bnao.ops import OPERATIONS
from bnao.registry import Registry
from bnao.sampling import POLICIES
from bnao.spaces import load_spaces
from bnao.spaces.base import SPACES

from .pages import ROOT, RUN_ELSEWHERE, SMALL, blocks, documents, settings_of, small

PAGES = [name for name in documents() if name.startswith("docs/") and name not in RUN_ELSEWHERE]
PRINTS = {
    "docs/how-to/own-data.md": ["npz:shades.npz 10 images, a third of validation", "50 examples, test set"],
    "docs/how-to/latency.md": ["True"],
    "docs/how-to/time-budget.md": ["for a limit of 1 min", "supernet-1", "measure"],
    "docs/how-to/resume.md": ["stopped; all work up to here is kept", "True\nTrue\n"],
    "docs/how-to/another-budget.md": ["True"],
    "docs/how-to/ask-tell.md": ["'random': 15", "'gradient'", "True\n", "evolution"],
    "docs/how-to/compare-with-random.md": ["mean gain", "2 seeds"],
    "docs/how-to/add-operation.md": ["Winner"],
    "docs/how-to/add-space.md": ["27 sep_conv_3x3 -> identity -> sep_conv_5x5", "Winner"],
    "docs/how-to/add-policy.md": ["Winner"],
    "docs/how-to/add-data-source.md": ["on stripes"],
    "docs/training.md": ["test error", "checks agree", "model.safetensors"],
    "docs/tutorial.md": ["Winner", "report.html", "model.safetensors", "Can the ranking be trusted?"],
}
"""What must be seen in the output of a page."""


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """What a page registers is gone afterwards."""
    load_spaces()
    kept: list[tuple[Registry[object], dict[str, object]]] = [
        (registry, dict(registry._parts))  # type: ignore[attr-defined, arg-type]
        for registry in (OPERATIONS, SPACES, POLICIES, SOURCES, PROPOSERS)
    ]
    yield
    for registry, parts in kept:
        registry._parts = parts


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of decoded images for all pages."""
    return tmp_path_factory.mktemp("cache")


def photographs(folder: Path) -> None:
    """The pictures that the tutorial calls the reader's own."""
    for label, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for number in range(60):
            pixels = np.random.default_rng(number).integers(0, 128, (12, 16, 3)) + 100 * label
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.jpg")


def with_code() -> list[str]:
    return [name for name in PAGES if any(block.runs and block.language != "text" for block in blocks(name))]


@pytest.mark.parametrize("page", with_code())
def test_page(
    page: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BNAO_CACHE", str(cache))
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    if page == "docs/tutorial.md":
        photographs(tmp_path / "photos")
    else:  # the report is drawn by other tests, and costs as much as all else
        monkeypatch.setattr("bnao.report.web.page.write_report", lambda run, path=None, space=None: run.path)
    scope: dict[str, object] = {"__name__": "example"}
    said = ""
    for block in blocks(page):
        if not block.runs:
            continue
        if block.file:
            Path(block.file).write_text(block.code, encoding="utf-8")
            if block.language == "toml":
                settings_of("demo", Path(block.file))
        elif block.language == "python":
            exec(compile(block.code, page, "exec"), scope)
        for words in block.commands:
            assert main(small(words)[1:]) == 0, (words, capsys.readouterr().err)
        said += capsys.readouterr().out
    for expected in PRINTS.get(page, []):
        assert expected in said, said


def test_every_page_is_run_here_or_by_the_test_that_is_named() -> None:
    for page, test in RUN_ELSEWHERE.items():
        code = (ROOT / test).read_text(encoding="utf-8")
        assert f'"{page}"' in code or f'"{Path(page).name}"' in code
    assert set(PRINTS) <= set(with_code())


def test_what_is_not_run_says_why() -> None:
    for name in documents():
        for block in blocks(name):
            assert not block.mark.startswith("not run") or len(block.mark) > len("not run: "), (name, block.code)
