"""Ways in which a file is damaged; ``BNAO_FUZZ=1000`` tries so many of each test."""

from __future__ import annotations

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = int(os.environ.get("BNAO_FUZZ", "0"))


def few(examples: int) -> settings:
    return settings(
        max_examples=LONG or examples, derandomize=not LONG, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A cut, a changed byte, a hole of zeros, something put in, or something added at the end."""
    kind, place = draw(st.sampled_from(["cut", "byte", "hole", "insert", "append", "empty"])), draw(st.floats(0, 1))
    junk = draw(st.binary(min_size=1, max_size=8))

    def damage(content: bytes) -> bytes:
        at = min(int(place * len(content)), max(0, len(content) - 1))
        return {
            "cut": content[:at],
            "byte": content[:at] + bytes([(content[at] if content else 0) ^ (junk[0] or 1)]) + content[at + 1 :],
            "hole": content[:at] + bytes(min(64, len(content) - at)) + content[at + 64 :],
            "insert": content[:at] + junk + content[at:],
            "append": content + junk,
            "empty": b"",
        }[kind]

    return damage
