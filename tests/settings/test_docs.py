from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from bnao.loop.config import SearchConfig
from bnao.settings import field_docs, leaves


@dataclass(frozen=True)
class Example:
    """An example.

    ``size``: side in pixels; not ``name`` of anything. ``name`` of the *thing*, see
    :mod:`bnao.data`. More about it.
    """

    size: int = 3
    name: str = "a # b"
    note: str = "#"  # told by the ``comment``
    silent: int = 0


def test_comment_or_docstring() -> None:
    assert field_docs(Example) == {
        "size": "side in pixels; not name of anything",
        "name": "of the thing, see bnao.data",
        "note": "told by the comment",
    }


def test_most_fields_explain_themselves() -> None:
    silent = [name for name, leaf in leaves(SearchConfig()).items() if not leaf.doc]
    assert [name for name in silent if not name.startswith("controller.")] == []


MODULE = """
from dataclasses import dataclass


@dataclass
class First(
    object,
):
    size: int = 0  # in a class whose bracket ends at the margin


@dataclass
class Second:
    left: int = 0  # before
# a remark at the margin
    right: int = 0  # after
    text: str = '''
of several lines'''  # last


OTHER: int = 0  # of no class
"""


def test_what_stands_at_the_margin_does_not_end_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "at_the_margin.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("at_the_margin")
    assert field_docs(module.First) == {"size": "in a class whose bracket ends at the margin"}
    assert field_docs(module.Second) == {"left": "before", "right": "after", "text": "last"}


def test_an_edited_module_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, text = (
        tmp_path / "edited.py",
        "from dataclasses import dataclass\n@dataclass\nclass Some:\n    a: int = 0  # first\n",
    )
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("edited")
    assert field_docs(module.Some) == {"a": "first"}
    file.write_text(text + "    b: int = 0  # second, added\n")
    assert field_docs(importlib.reload(module).Some) == {"a": "first", "b": "second, added"}


def test_a_class_within_another_scope() -> None:
    @dataclass
    class Example:  # the name of another class of this file
        inner: int = 0  # of the inner one

    assert field_docs(Example) == {"inner": "of the inner one"}


def test_without_source_there_are_no_texts() -> None:
    made = type("Made", (), {"__module__": "nowhere", "__annotations__": {"size": int}})
    assert field_docs(made) == {}
