"""Small liberties for what is typed: underscores in flag names, and a word after an on/off flag."""

from __future__ import annotations

from collections.abc import Sequence

_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
OWN_SWITCHES = ("--csv", "--download", "--dry-run", "--json", "--onnx", "--open", "--skip")
"""Flags of commands that are on or off and no setting."""


def plain_tokens(tokens: Sequence[str]) -> list[str]:
    """Tokens in the one form that the parser knows: dashes in names, and ``--flag=false`` for ``--flag false``.

    A word is changed only after a flag that is on or off: ``off`` is a value of other flags.

    >>> plain_tokens(["search", "--rerank.network.drop_path_keep", "0.9", "--controller.early_stop", "no"])
    ['search', '--rerank.network.drop-path-keep', '0.9', '--controller.early-stop=false']
    """
    plain: list[str] = []
    for token in tokens:
        if token.startswith("--"):
            name, equals, value = token.partition("=")
            name = name.replace("_", "-")
            plain.append(name + equals + (_WORDS[value.lower()] if _is_word(value, name) else value))
        elif plain and "=" not in plain[-1] and _is_word(token, plain[-1]):
            plain[-1] += "=" + _WORDS[token.lower()]
        else:
            plain.append(token)
    return plain


def _is_word(token: str, flag: str) -> bool:
    return token.lower() in _WORDS and is_switch(flag)


def is_switch(flag: str) -> bool:
    """Whether this is a flag that is on or off: of a command, or a setting of ``bnao search`` or ``bnao train``.

    >>> is_switch("--no-onnx"), is_switch("--controller.early-stop"), is_switch("--training.compile")
    (True, True, False)
    """
    if not flag.startswith("--"):
        return False
    section, dot, last = flag.removeprefix("--").replace("_", "-").rpartition(".")
    last = last.removeprefix("no-")
    if not section and f"--{last}" in OWN_SWITCHES:
        return True
    from bnao.loop.config import SearchConfig  # here, for few command lines have such a word
    from bnao.loop.train.config import TrainConfig
    from bnao.settings import leaves

    leaf = (leaves(TrainConfig()) | leaves(SearchConfig())).get((section + dot + last).replace("-", "_"))
    return leaf is not None and leaf.kind is bool
