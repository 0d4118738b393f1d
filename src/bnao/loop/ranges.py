"""Values of a result that must lie within bounds, so that what is shown of them means something (imports no torch)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from bnao.errors import RunError, brief

Named = Iterable[tuple[str, float | None]]


class Ranges:
    """Refuses values of the file ``source`` that are out of their range; None is left alone.

    >>> Ranges("a.json").shares([("share", 7.0)])
    Traceback (most recent call last):
    ...
    bnao.errors.RunError: a.json must have a share in [0, 1] at 'share'; received 7.0: restore it from a copy
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def shares(self, values: Named, *, undefined: bool = False) -> None:
        """Each lies in [0, 1]; with ``undefined`` it may be NaN. Raises RunError."""
        self._require("a share in [0, 1]", values, 0.0, 1.0, undefined)

    def counts(self, values: Named, *, least: int = 0) -> None:
        """Each is ``least`` or more. Raises RunError."""
        self._require(f"a number from {least}", values, least, math.inf, False)

    def not_negative(self, values: Named) -> None:
        """Each is 0 or more, or NaN. Raises RunError."""
        self._require("no negative number", values, 0.0, math.inf, True)

    def _require(self, rule: str, values: Named, low: float, high: float, undefined: bool) -> None:
        for name, value in values:
            if value is None or low <= value <= high or (undefined and math.isnan(value)):
                continue
            raise RunError(
                f"{self._source} must have {rule} at {name!r}; received {brief(value)}: restore it from a copy"
            )
