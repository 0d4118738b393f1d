"""JSON tables with a checksum of their own, so that no altered byte passes for what was written."""

from __future__ import annotations

import hashlib
from typing import Any

from bnao.storage.files import json_bytes

KEY = "checksum"


def checksum(plain: dict[str, Any]) -> str:
    """SHA-256 of a table of plain values as this package writes it.

    >>> checksum({"a": 1})[:8]
    '5e36b656'
    """
    return hashlib.sha256(json_bytes(plain)).hexdigest()


def with_checksum(plain: dict[str, Any]) -> dict[str, Any]:
    """The table, its checksum under :data:`KEY` at its end."""
    return {**plain, KEY: checksum(plain)}


def take_checksum(plain: dict[str, Any]) -> bool | None:
    """Remove the checksum from ``plain``: whether it is right; None where there is none."""
    found = plain.pop(KEY, None)
    return None if found is None else found == checksum(plain)
