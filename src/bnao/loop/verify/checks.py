"""One check, all of them, and how two numbers are compared (imports no torch)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from bnao.errors import BnaoError, brief

Outcome = Literal["agrees", "differs", "not checked"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was checked, and what came of it. ``recorded`` and ``found`` are given where they are single values."""

    name: str
    outcome: Outcome
    text: str
    recorded: str = ""
    found: str = ""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """All checks of a run, in order. ``exact``: figures had to be equal to the bit; ``why`` they had to, or not.

    ``unverified``: what the run says and no check covers, in words; it may be wrong though all checks agree.
    """

    run: str
    exact: bool
    why: str
    checks: list[Check] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything was checked and agrees."""
        return bool(self.checks) and all(check.outcome == "agrees" for check in self.checks)

    def of(self, outcome: Outcome) -> list[Check]:
        """The checks that came out so."""
        return [check for check in self.checks if check.outcome == outcome]


TOLERANCE = 0.005
"""Where numbers need not be equal to the bit: the difference of two up to 1 in absolute value, beyond in proportion."""


class Checks:
    """Collects checks. ``exact``: numbers agree only if they are equal to the bit."""

    def __init__(self) -> None:
        self.found: list[Check] = []
        self.unverified: list[str] = []
        self.exact = False

    def agrees(self, name: str, text: str) -> None:
        """It is as it should be."""
        self.found.append(Check(name=name, outcome="agrees", text=text))

    def differs(self, name: str, text: str, recorded: object = "", found: object = "") -> None:
        """It is not."""
        pair = {"recorded": str(recorded), "found": str(found)}
        self.found.append(Check(name=name, outcome="differs", text=text, **pair))

    def unchecked(self, name: str, text: str) -> None:
        """It could not be checked."""
        self.found.append(Check(name=name, outcome="not checked", text=text))

    def leave(self, text: str) -> None:
        """The run says ``text``, and no check covers it."""
        self.unverified.append(text)

    def same(self, name: str, recorded: object, found: object, text: str) -> None:
        """The two are equal, as ``text`` says."""
        if recorded == found:
            self.agrees(name, text)
        else:
            self.differs(name, f"recorded {brief(recorded)}, found {brief(found)}", recorded, found)

    def all_same(self, name: str, rows: Iterable[tuple[str, object, object]], text: str) -> None:
        """One check of several values, each (what, recorded, found)."""
        wrong = [row for row in rows if row[1] != row[2]]
        if not wrong:
            self.agrees(name, text)
            return
        said = [f"{what}: recorded {brief(recorded)}, found {brief(found)}" for what, recorded, found in wrong]
        self.differs(name, "; ".join(said), {row[0]: row[1] for row in wrong}, {row[0]: row[2] for row in wrong})

    def close(self, name: str, recorded: float | None, found: float | None, what: str) -> None:
        """The two numbers are equal to the bit, or within :data:`TOLERANCE` where they need not be exact."""
        difference = _difference(recorded, found)
        pair = {"recorded": repr(recorded), "found": repr(found)}
        if difference == 0.0:
            check = Check(name=name, outcome="agrees", text=f"{what} {_shown(found)}, equal to the bit", **pair)
        elif not self.exact and difference <= TOLERANCE * max(1.0, abs(recorded or 0.0)):
            text = f"{what} {_shown(found)}, {difference:.1e} off, within {TOLERANCE}"
            check = Check(name=name, outcome="agrees", text=text, **pair)
        else:
            check = Check(name=name, outcome="differs", text=f"{what}: recorded {recorded!r}, found {found!r}", **pair)
        self.found.append(check)

    @contextmanager
    def guard(self, name: str) -> Iterator[None]:
        """Within it an error of what is read is a check that differs."""
        try:
            yield
        except BnaoError as error:
            self.differs(name, str(error))


def _difference(a: float | None, b: float | None) -> float:
    if a is None or b is None:
        return 0.0 if a is b else math.inf
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    return abs(a - b) if math.isfinite(a - b) else math.inf


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"
