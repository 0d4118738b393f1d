"""A command that several processes may work on: only rank 0 shows anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bnao.distributed import is_leader

if TYPE_CHECKING:
    from bnao.api import Result
    from bnao.loop.events import Listener


def by_several(work: Callable[[Listener | None], Result], folder: Path) -> None:
    """Do ``work`` with a progress display, and print what it found; in a process that is not rank 0, in silence."""
    if not is_leader():
        work(None)
        return
    from rich.console import Console

    from bnao.report import ProgressDisplay, print_summary

    console = Console()
    with ProgressDisplay(console) as display:
        result = work(display)
    print_summary(result.summary, console, folder=folder)
