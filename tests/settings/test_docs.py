from __future__ import annotations

from dataclasses import dataclass

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
