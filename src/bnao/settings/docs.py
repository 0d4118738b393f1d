"""Help texts of fields, read from where a reader of the code finds them.

A field's text is the comment at the end of its line; without one, the part of the class docstring that begins with the
field's name in double backquotes at the start of a clause.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap

_CLAUSE = re.compile(r"(?:^|(?<=[.;:,])\s+|\n\s*)``(\w+)``")


_READ: dict[type, dict[str, str]] = {}


def field_docs(cls: type) -> dict[str, str]:
    """Help text by field name; fields without one are missing. Empty where the source cannot be read.

    >>> from bnao.loop.config import LoopConfig
    >>> field_docs(LoopConfig)["pool"]
    'architectures of the first round'
    """
    if cls not in _READ:
        _READ[cls] = _read(cls)
    return _READ[cls]


def _read(cls: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except OSError:
        return {}
    tree, lines = ast.parse(source), source.splitlines()
    assert isinstance(tree.body[0], ast.ClassDef)
    names = [n for n in tree.body[0].body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
    docs = _from_docstring(inspect.getdoc(cls) or "", {n.target.id for n in names if isinstance(n.target, ast.Name)})
    for node in names:
        assert isinstance(node.target, ast.Name) and node.end_lineno is not None
        rest = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip()
        comment = re.sub(r"#\s*(noqa|type:).*$", "", rest).strip()
        if comment.startswith("#"):
            docs[node.target.id] = _plain(comment.lstrip("# "))
    return docs


def _plain(text: str) -> str:
    """Without the marks of reStructuredText."""
    text = re.sub(r":\w+:`([^`]*)`", r"\1", text)
    return re.sub(r"(?<!\*)\*(\w+)\*(?!\*)", r"\1", text).replace("``", "").strip()


def _from_docstring(text: str, names: set[str]) -> dict[str, str]:
    text = text.split("Raises ")[0].split(">>>")[0]
    starts = [match for match in _CLAUSE.finditer(text) if match[1] in names]
    docs: dict[str, str] = {}
    ends = [match.start() for match in starts[1:]] + [len(text)]
    for match, end in zip(starts, ends[: len(starts)], strict=True):
        clause = text[match.end() : end].split("\n\n")[0]
        sentence = re.split(r"\.\s", " ".join(clause.split()))[0]
        docs.setdefault(match[1], _plain(sentence.strip(" :.;,")))
    return docs
