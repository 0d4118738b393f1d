"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """``quick`` shows only that it runs; ``architectures`` takes the place of the usual number where some are drawn."""

    quick: bool = False
    architectures: int | None = None

    def number(self, full: int, quick: int) -> int:
        """How many architectures of a space."""
        return self.architectures or (quick if self.quick else full)
