"""Bytes of a file as text."""

from __future__ import annotations


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
