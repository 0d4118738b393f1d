"""An extension of griffe: docstrings, written for readers of the code, as Markdown for the site.

Roles (``:class:`~a.B```) become links where the site has the target, doctests become code blocks, and a list gets the
blank line that Markdown wants before it. Comments at the end of a line document fields as ``bnao search --help`` does.
"""

from __future__ import annotations

import html
import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|func|meth|attr|mod|data|exc|obj):`(~?)([\w.]+)`")
DOCTEST = re.compile(r"(?:^>>> .*\n?(?:^(?!\s*$).*\n?)*\n?)+", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrites each docstring once, when its object has been loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of ``obj``, if it has one."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value, obj)


def markdown(text: str, obj: griffe.Object) -> str:
    """A docstring of ``obj`` as Markdown."""
    text = DOCTEST.sub(lambda match: f"\n```pycon\n{match[0].rstrip()}\n```\n", text)
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _prose(part, obj) for part in parts)


def _prose(text: str, obj: griffe.Object) -> str:
    text = ROLE.sub(lambda match: _reference(match, obj), text)
    return re.sub(r"(?<=\S)\n(?=[-*] )(?<!\n[-*] )", "\n\n", text, count=1)


def _reference(role: re.Match[str], obj: griffe.Object) -> str:
    """A link that is plain text where the site has no such target."""
    short, target = role.groups()
    shown = target.rpartition(".")[2] if short else target
    owner: Any = obj if obj.is_class or obj.is_module else obj.parent
    if not target.startswith("bnao"):
        target = _resolved(target, owner)
    return f'<autoref optional identifier="{html.escape(target)}"><code>{html.escape(shown)}</code></autoref>'


def _resolved(name: str, owner: Any) -> str:
    """The full path of a name that is written as the code around it would write it."""
    while owner is not None:
        if name.partition(".")[0] in owner.members:
            return f"{owner.path}.{name}"
        owner = owner.parent
    return name
