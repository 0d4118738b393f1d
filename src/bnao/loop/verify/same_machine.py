"""Whether numbers measured again have to be equal to the bit."""

from __future__ import annotations

from collections.abc import Mapping

from bnao.loop.inputs import Inputs, read_inputs
from bnao.loop.machine import machine
from bnao.loop.verify.checks import Checks
from bnao.storage import RunFolder
from bnao.storage.manifest import versions
from bnao.training.device import resolve_device


def begun_with(run: RunFolder, checks: Checks) -> Inputs | None:
    """What the run was begun with; None where it does not say, or the file is damaged, which is then a difference."""
    before = None
    with checks.guard("inputs"):
        before = read_inputs(run)
    return before


def compare_machines(made: dict[str, str], before: Inputs, now: Inputs, checks: Checks) -> str:
    """Set ``checks.exact``, and say why. ``made``: the versions that the run was made with."""
    device = resolve_device(before.device.split(":")[0])
    reasons = [
        *([f"made with {made}, this is {versions()}"] if made != versions() else []),
        *(["it does not say on which machine it was made"] if not before.machine else []),
        *([f"made on {before.machine}, this is {now.machine}"] if before.machine not in ("", now.machine) else []),
        *([f"made with {before.threads} threads"] if before.threads != now.threads else []),
        *(["a GPU does not add in a fixed order"] if device.type == "cuda" else []),
    ]
    checks.exact = not reasons
    return "; ".join(reasons) or f"the same versions, machine ({machine(device)}) and threads ({now.threads})"


def same_inputs(before: Inputs, now: Inputs, names: Mapping[str, str], checks: Checks) -> bool:
    """Whether the fields ``names`` (each with a word for people) are those of the run; where not, a difference."""
    wrong = [words for name, words in names.items() if getattr(before, name) != getattr(now, name)]
    if wrong:
        checks.differs("data", f"{' and '.join(wrong)} are others than those of the run: its figures are left out")
    return not wrong
