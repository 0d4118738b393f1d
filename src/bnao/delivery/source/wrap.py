"""Long lines broken as the usual formatters (black, ruff) break them, at 88 columns."""

from __future__ import annotations

LONGEST = 88
_PAIRS = {")": "(", "]": "[", "}": "{"}


def wrap(text: str) -> str:
    """``text`` with every long line that ends in a bracket broken within that bracket.

    >>> print(wrap("layers = make(" + ", ".join(["argument"] * 8) + ")"))
    layers = make(
        argument, argument, argument, argument, argument, argument, argument, argument
    )
    """
    return "\n".join(part for line in text.splitlines() for part in _broken(line))


def _broken(line: str) -> list[str]:
    if len(line) <= LONGEST or "#" in line or '"""' in line:
        return [line]
    bare = line.rstrip(",")
    if bare[-1] not in _PAIRS:
        return [line]
    start = _opening(bare)
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    inner, end = bare[start + 1 : -1], bare[-1] + line[len(bare) :]
    closing = indent[4:] + end
    parts = _split(inner)
    if len(indent + inner) <= LONGEST:
        return [bare[: start + 1], indent + inner, closing]
    return [bare[: start + 1], *(piece for part in parts for piece in _broken(f"{indent}{part},")), closing]


def _opening(text: str) -> int:
    """Where the bracket opens that the last character closes."""
    depth = 0
    for k in range(len(text) - 1, -1, -1):
        depth += (text[k] in _PAIRS) - (text[k] in _PAIRS.values())
        if depth == 0:
            return k
    raise AssertionError(f"brackets match: {text}")


def _split(text: str) -> list[str]:
    """The parts between commas outside brackets."""
    parts, depth, begin = [], 0, 0
    for k, character in enumerate(text):
        depth += (character in _PAIRS.values()) - (character in _PAIRS)
        if character == "," and depth == 0:
            parts.append(text[begin:k].strip())
            begin = k + 1
    return [*parts, text[begin:].strip()]
