"""Bytes of a file as text."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def has_lone_surrogate(content: bytes, value: Any) -> bool:
    """Whether a text in ``value``, the JSON of ``content``, is half a character, which nothing can print or store.

    >>> import json
    >>> texts = rb'"\\ud800"', rb'"\\ud83d\\ude00"', rb'"C:\\\\udata"'
    >>> [has_lone_surrogate(text, json.loads(text)) for text in texts]
    [True, False, False]
    """
    if _SURROGATE.search(content) is None:
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


MOST = 2**63 - 1
"""The largest whole number, in absolute value, that is read from any file."""


def whole_number(digits: str) -> int:
    """A whole number of JSON. Raises ValueError where it takes more than 64 bits: no count that is true does.

    >>> whole_number("-3")
    -3
    """
    if len(digits) > 20 or abs(int(digits)) > MOST:
        raise ValueError("a whole number of more than 64 bits")
    return int(digits)


def decoded(content: bytes) -> tuple[str, str]:
    """The text in UTF-8 (a byte order mark is dropped), and why it is none; the one or the other is empty.

    >>> decoded(b"a,b"), decoded(b"\\xff")
    (('a,b', ''), ('', 'byte 1 is not UTF-8'))
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "", f"byte {error.start + 1} is not UTF-8"
    return ("", "it has zero bytes") if "\0" in text else (text, "")
