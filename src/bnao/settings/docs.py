"""Help texts of fields, read from where a reader of the code finds them.

A field's text is the comment at the end of its line; without one, the part of the class docstring that begins with the
field's name in double backquotes at the start of a clause.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import sys
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
    found = _definition(cls)
    if found is None:
        return {}
    definition, lines = found
    names = [n for n in definition.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
    docs = _from_docstring(inspect.getdoc(cls) or "", {n.target.id for n in names if isinstance(n.target, ast.Name)})
    for node in names:
        assert isinstance(node.target, ast.Name) and node.end_lineno is not None
        rest = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip()
        comment = re.sub(r"#\s*(noqa|type:).*$", "", rest).strip()
        if comment.startswith("#"):
            docs[node.target.id] = _plain(comment.lstrip("# "))
    return docs


def _definition(cls: type) -> tuple[ast.ClassDef, list[str]] | None:
    """The class and the lines it was parsed from; None where its source cannot be read.

    A class of a module is found by its indentation, if that is unmistakable: :mod:`inspect` parses the whole file for
    each class, which took a sixth of the time of a wrong flag.
    """
    file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    linecache.checkcache(file)  # it may have been edited
    lines = linecache.getlines(file)
    begins = re.compile(rf"class {cls.__name__}\b")
    starts = [number for number, line in enumerate(lines) if begins.match(line)]
    if cls.__qualname__ == cls.__name__ and len(starts) == 1:
        rest = lines[starts[0] + 1 :]
        end = next((number for number, line in enumerate(rest) if line[0] not in " \t\n#"), len(rest))
        try:
            return _parsed("".join([lines[starts[0]], *rest[:end]]))
        except SyntaxError:
            pass  # a bracket or a string ends at the margin
    try:
        return _parsed(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):  # it has no file, or stands in no module's
        return None


def _parsed(source: str) -> tuple[ast.ClassDef, list[str]]:
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    return definition, source.splitlines()


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
