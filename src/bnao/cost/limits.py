"""Hard limits on what an architecture may cost (imports no torch)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bnao.errors import require

UNITS = {"max_params": "parameters", "max_macs": "multiply-adds", "max_latency_ms": "ms"}
"""What each limit counts, in the order in which limits are spoken of."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Upper limits, each None (no limit) or a number; a cost equal to its limit is allowed.

    ``max_params`` trainable parameters and ``max_macs`` multiply-adds for one image are whole numbers >= 1,
    ``max_latency_ms`` milliseconds > 0 for ``latency_batch`` images; all three of the module that is delivered, without
    its auxiliary head. The latency is one that is measured on the device of the search (docs/limits.md). Raises
    SettingError for any other value.

    >>> small = Limits(max_params=250_000)
    >>> small.allows(num_params=250_000, macs=10**9), small.allows(num_params=250_001, macs=1), Limits().any
    (True, False, False)
    """

    max_params: int | None = None  # most trainable parameters of the delivered network
    max_macs: int | None = None  # most multiply-adds of the delivered network for one image
    max_latency_ms: float | None = None  # most milliseconds of the delivered network, measured on the search's device
    latency_batch: int = 1  # images that one measured call of the network has

    def __post_init__(self) -> None:
        for name in ("max_params", "max_macs"):
            value = getattr(self, name)
            valid = value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)
            require(
                valid, f"{name} is a whole number from 1, or none", value, "give for example 1_000_000, or leave it"
            )
        value = self.max_latency_ms
        number = isinstance(value, int | float) and not isinstance(value, bool)
        require(
            value is None or (number and math.isfinite(value) and value > 0),
            "max_latency_ms is a number of milliseconds above 0, or none",
            value,
            "give for example 2.5, or leave it",
        )
        batch = self.latency_batch
        require(
            isinstance(batch, int) and not isinstance(batch, bool) and batch >= 1,
            "latency_batch is a whole number of images from 1",
            batch,
            "1 is what a network that answers at once sees",
        )

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(getattr(self, name) is not None for name in UNITS)

    def allows(self, *, num_params: int, macs: int, latency_ms: float = 0.0) -> bool:
        """Whether a network of this size, this many multiply-adds and this latency keeps the limits."""
        found = {"max_params": num_params, "max_macs": macs, "max_latency_ms": latency_ms}
        return all(getattr(self, name) is None or found[name] <= getattr(self, name) for name in UNITS)

    def describe(self) -> str:
        """The limits in words.

        >>> Limits(max_params=250_000, max_macs=30_000_000, max_latency_ms=2.5).describe()
        'at most 250,000 parameters and 30,000,000 multiply-adds and 2.5 ms'
        >>> Limits().describe()
        'no limits'
        """
        found = ((getattr(self, name), unit) for name, unit in UNITS.items())
        words = [f"{value:,} {unit}" for value, unit in found if value is not None]
        return f"at most {' and '.join(words)}" if words else "no limits"
