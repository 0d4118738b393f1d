"""Scoring a pool of 1000 of the chain space `mobile`: in one call, against one by one with the same code (goal: 3).

Pools and figures are those of pool_scoring.py. The headline is a controller's pool in the space of recipe mobile-demo;
the space's larger defaults stand beside it, with the most that sharing can give there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pool_scoring import ratio
from scale import Scale

FULL = [("recipe", "nao"), ("recipe", "random"), ("default", "nao"), ("default", "random")]


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each pool of each setting."""
    for setting, pool in FULL[:2] if scale.quick else FULL:
        number = {"num": 24, "images": 32, "sample": 4} if scale.quick else {"num": 1000}
        images = {} if scale.quick else {"images": 250 if setting == "recipe" else 64, "sample": 60}
        yield f"{setting}_{pool}", ratio(pool, setting, **{**number, **images})
