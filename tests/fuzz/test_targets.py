"""Every reader, on whole inputs with a few bytes changed, on random bytes, and on what was built to hurt.

The same each time; ``BNAO_FUZZ=1000`` tries so many others. Coverage-guided fuzzing of the same targets: ``fuzz/``.
"""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

LONG = int(os.environ.get("BNAO_FUZZ", "0"))
FEW = {"events": 25, "result": 40, "training": 60, "cifar": 15, "npz": 40, "jpeg_npz": 40}

whole = functools.cache(seeds)
PIECES = st.binary(min_size=1, max_size=6) | st.sampled_from(
    [
        b"\0" * 8, b"\xff" * 8, b"-1", b"9" * 30, b"9" * 400, b"0", b"7.0", b"1e999", b"NaN", b'"', b"\n", b"[" * 2000,
        b"{}", b"null", b"\x80",
    ]
)  # fmt: skip
ODD = [
    0,
    -1,
    7,
    10**30,
    10**400,
    7.0,
    -0.5,
    1e308,
    math.nan,
    math.inf,
    -math.inf,
    "",
    "\x1b[2J",
    "nan",
    True,
    None,
    [],
    {},
]
"""Values of JSON that are whole and mean nothing where they stand."""


@st.composite
def altered(draw: st.DrawFn, name: str) -> bytes:
    """A whole input with bytes replaced, put in, taken out, or its end cut off."""
    content = draw(st.sampled_from(whole(name)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 1, 2, 8, 64]))
        content = content[:start] + draw(PIECES | st.just(b"")) + content[start + length :]
    return content[: draw(st.integers(0, len(content)))] if draw(st.integers(0, 5)) == 0 else content


@pytest.mark.parametrize("name", TARGETS)
def test_whole_inputs_are_read(name: str) -> None:
    for content in whole(name):
        TARGETS[name](content)


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    @settings(
        max_examples=LONG or FEW.get(name, 60), derandomize=not LONG, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(altered(name) | st.binary(max_size=200))
    def check(content: bytes) -> None:
        TARGETS[name](content)

    check()


def places(value: object) -> Iterator[tuple[str | int, ...]]:
    """The way to every value within ``value``."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (key,)
        yield from ((key, *rest) for rest in places(item))


@pytest.mark.parametrize("name", ["result", "training", "manifest", "description"])
def test_an_odd_value_in_its_place_is_shown_or_refused(name: str) -> None:
    [first, *_] = whole(name)
    ways = list(places(json.loads(first)))

    @settings(max_examples=LONG or 60, derandomize=not LONG, deadline=None, database=None)
    @given(st.sampled_from(ways), st.sampled_from(ODD))
    def check(way: tuple[str | int, ...], odd: object) -> None:
        value = json.loads(first)
        holder = functools.reduce(lambda inner, key: inner[key], way[:-1], value)
        holder[way[-1]] = odd
        TARGETS[name](json.dumps(value).encode())

    check()
