"""The site's nav and the pages agree, links lead somewhere, and what pages say of the code is true. Needs no mkdocs."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from .pages import AT_ROOT, DOCS, ROOT, blocks, documents, text_of

NAV_ENTRY = re.compile(r"^ +- (?:[^#\n]*?: )?([\w./-]+\.md)$", re.MULTILINE)
FROM_ROOT = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md", "security.md": "SECURITY.md"}
"""Pages that scripts/site/hooks.py makes from files at the root."""
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")


def nav() -> list[str]:
    _, _, text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")
    return NAV_ENTRY.findall(text)


def anchors(document: str) -> set[str]:
    """The ids of a page's headings, by the rule that GitHub and the site share for plain ones."""
    text = re.sub(r"^```.*?^```$", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_nav_names_pages_that_exist_and_every_page_once() -> None:
    entries = nav()
    assert [name for name, number in Counter(entries).items() if number > 1] == []
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    made = {page for page, source in FROM_ROOT.items() if (ROOT / source).exists()}
    assert set(entries) == pages | made


def test_hooks_make_the_pages_that_stand_at_the_root() -> None:
    hooks = (ROOT / "scripts" / "site" / "hooks.py").read_text(encoding="utf-8")
    assert all(f'"{source}": "{page}"' in hooks for page, source in FROM_ROOT.items())


@pytest.mark.parametrize("document", documents())
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    prose = re.sub(r"^```.*?^```$", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", prose)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        assert place.exists(), target
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place.relative_to(ROOT).as_posix()), target


@pytest.mark.parametrize("document", [name for name in documents() if name not in AT_ROOT])
def test_files_of_the_code_exist(document: str) -> None:
    for name in re.findall(r"`((?:src|tests|scripts|benchmarks)/[\w./-]+)`", text_of(document)):
        assert (ROOT / name).exists(), name


def test_errors_that_troubleshooting_quotes_are_said() -> None:
    rows = re.findall(r"^\| `([^`|]+)`[^|]*\|", text_of("docs/troubleshooting.md"), re.MULTILINE)
    rows += re.findall(r"^\| `([^`|]+)` \|", text_of("docs/how-to/resume.md"), re.MULTILINE)
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    assert len(rows) > 20
    assert [row for row in rows if row != "torchvision" and not any(row in text for text in code)] == []


def test_the_site_is_ignored_by_git() -> None:
    assert "/site/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_languages_are_known() -> None:
    assert {block.language for name in documents() for block in blocks(name)} <= {"bash", "python", "toml", "text"}
