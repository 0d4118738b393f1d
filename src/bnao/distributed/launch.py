"""Whether this process was started as one of several, by torchrun or by a run itself (imports no torch)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from bnao.errors import SettingError

VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets in each process; another launcher may do so itself."""


@dataclass(frozen=True)
class Launched:
    """This process among ``size``: its ``rank``, and ``local_rank`` among those of its machine."""

    rank: int
    size: int
    local_rank: int


def launched(environ: Mapping[str, str] | None = None) -> Launched | None:
    """What the environment says; None where this is one process alone. Raises SettingError for half of it.

    >>> launched({})
    >>> launched({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "a", "MASTER_PORT": "1"})
    Launched(rank=1, size=2, local_rank=1)
    """
    environ = os.environ if environ is None else environ
    if "RANK" not in environ or "WORLD_SIZE" not in environ:
        return None
    missing = [name for name in VARIABLES if not environ.get(name)]
    words = {name: environ.get(name, "0") for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")}
    wrong = [f"{name}={word}" for name, word in words.items() if not word.isdecimal()]
    if wrong or (missing and words["WORLD_SIZE"] != "1"):
        raise SettingError(
            f"a process of several has {', '.join(VARIABLES)} in its environment, as torchrun sets them; received "
            f"{', '.join(wrong) or 'no ' + ', '.join(missing)}: start it by torchrun, or unset RANK and WORLD_SIZE"
        )
    rank, size, local = (int(words[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    if not rank < size:
        raise SettingError(f"RANK lies in [0, WORLD_SIZE), here {size}; received {rank}: start it by torchrun")
    return Launched(rank, size, local) if size > 1 else None


def is_leader() -> bool:
    """Whether this process writes and speaks: it is alone, or rank 0 of those that torchrun started."""
    here = launched()
    return here is None or here.rank == 0


def refuse_launched(command: str, remedy: str) -> None:
    """Raise SettingError where torchrun has started several processes for a command that is one process's."""
    here = launched()
    if here is not None:
        raise SettingError(f"{command} is called in one process; torchrun started {here.size}: {remedy}")
