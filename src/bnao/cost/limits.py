"""Hard limits on what an architecture may cost (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from bnao.errors import require


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Upper limits, each a whole number >= 1 or None (no limit); a cost equal to its limit is allowed.

    ``max_params`` trainable parameters and ``max_macs`` multiply-adds for one image, both of the module that is
    delivered, without its auxiliary head. Raises SettingError for any other value.

    >>> small = Limits(max_params=250_000)
    >>> small.allows(num_params=250_000, macs=10**9), small.allows(num_params=250_001, macs=1), Limits().any
    (True, False, False)
    """

    max_params: int | None = None  # most trainable parameters of the delivered network
    max_macs: int | None = None  # most multiply-adds of the delivered network for one image

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            valid = value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)
            require(
                valid,
                f"{field.name} is a whole number from 1, or none",
                value,
                "give for example 1_000_000, or leave it",
            )

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return self.max_params is not None or self.max_macs is not None

    def allows(self, *, num_params: int, macs: int) -> bool:
        """Whether a network of this size and this many multiply-adds keeps the limits."""
        return (self.max_params is None or num_params <= self.max_params) and (
            self.max_macs is None or macs <= self.max_macs
        )

    def describe(self) -> str:
        """The limits in words.

        >>> Limits(max_params=250_000, max_macs=30_000_000).describe()
        'at most 250,000 parameters and 30,000,000 multiply-adds'
        >>> Limits().describe()
        'no limits'
        """
        words = [
            f"{value:,} {unit}"
            for value, unit in ((self.max_params, "parameters"), (self.max_macs, "multiply-adds"))
            if value is not None
        ]
        return f"at most {' and '.join(words)}" if words else "no limits"
