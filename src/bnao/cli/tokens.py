"""Small liberties for what is typed: underscores in flag names, and a word after an on/off flag."""

from __future__ import annotations

from collections.abc import Sequence

_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


def plain_tokens(tokens: Sequence[str]) -> list[str]:
    """Tokens in the one form that the parser knows: dashes in names, and ``--flag=false`` for ``--flag false``.

    >>> plain_tokens(["search", "--rerank.network.drop_path_keep", "0.9", "--controller.early_stop", "no"])
    ['search', '--rerank.network.drop-path-keep', '0.9', '--controller.early-stop=false']
    """
    plain: list[str] = []
    for token in tokens:
        if token.startswith("--"):
            name, equals, value = token.partition("=")
            plain.append(name.replace("_", "-") + equals + _WORDS.get(value.lower(), value))
        elif token.lower() in _WORDS and plain and plain[-1].startswith("--") and "=" not in plain[-1]:
            plain[-1] += "=" + _WORDS[token.lower()]
        else:
            plain.append(token)
    return plain
