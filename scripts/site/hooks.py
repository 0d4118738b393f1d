"""Hooks of mkdocs: what makes the pages under docs/, written for readers of the repository, a site.

- CHANGELOG.md, CONTRIBUTING.md and SECURITY.md at the root become pages.
- A link that leads out of docs/ goes to such a page, or to a copy of the file on the site; to a folder, it is dropped.
- A comment ``<!-- ::: name -->`` becomes mkdocstrings' ``::: name``.
- A bar in code in a table is written ``\\|`` for GitHub; Python's Markdown wants it bare.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
COPIES = "files"
"""Folder of the site for files of the repository that pages link to."""

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\[]*)\]\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
CODE = re.compile(r"(?<!\\)`[^`\n]+(?<!\\)`")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand at the root of the repository, and copies of the files that pages link to."""
    for name, page in ROOT_PAGES.items():
        if (ROOT / name).exists():
            files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    linked: set[str] = set()
    for file in list(files.documentation_pages()):
        home = _home(file.src_uri)
        for link in LINK.finditer(file.content_string):
            target = posixpath.normpath(posixpath.join(home, link["target"]))
            if _is_copied(target) and (ROOT / target).is_file():
                linked.add(target)
    for name in sorted(linked):
        files.append(File.generated(config, f"{COPIES}/{name}", abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files, **_: Any) -> str:
    """Turn links that leave docs/, and comments that ask for docstrings, into what the site understands."""
    parts = FENCE.split(re.sub(r"<!-- (::: [\w.]+) -->", r"\1", markdown))
    return "".join(part if part.startswith("```") else _prose(part, page) for part in parts)


def _prose(text: str, page: Page) -> str:
    text = CODE.sub(lambda code: code[0].replace("\\|", "|"), text)
    return LINK.sub(lambda link: _link(link, page), text)


def _home(src_uri: str) -> str:
    """The folder of the repository that a page's links start from."""
    return "" if src_uri in ROOT_PAGES.values() else posixpath.dirname(f"docs/{src_uri}")


def _is_copied(target: str) -> bool:
    return not target.startswith(("docs/", "../", "https:", "http:", "mailto:")) and target not in ROOT_PAGES


def _link(link: re.Match[str], page: Page) -> str:
    target, src_uri = link["target"], page.file.src_uri
    if ":" in target.partition("/")[0]:
        return link[0]
    path = posixpath.normpath(posixpath.join(_home(src_uri), target))
    if path.startswith("docs/"):
        place = path.removeprefix("docs/")
    elif path in ROOT_PAGES:
        place = ROOT_PAGES[path]
    elif path == "README.md":
        place = "index.md"
    elif (ROOT / path).is_file():
        place = f"{COPIES}/{path}"
    elif (ROOT / path).is_dir():
        return link["text"]
    else:
        raise PluginError(f"{src_uri}: the link to {target} leads nowhere")
    relative = posixpath.relpath(place, posixpath.dirname(src_uri) or ".")
    return f"[{link['text']}]({relative}{link['anchor'] or ''})"
