"""A command that several processes may work on: only rank 0 shows anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bnao.distributed import is_leader

if TYPE_CHECKING:
    from rich.console import Console

    from bnao.loop.events import Listener

T = TypeVar("T")


def by_several(
    work: Callable[[Listener | None], T], show: Callable[[T, Console], None], *, what: str = "Search"
) -> None:
    """Do ``work`` with a progress display, and ``show`` what it came to; in a process that is not rank 0, in silence.

    ``what`` is being done, in a word or two.
    """
    if not is_leader():
        work(None)
        return
    from rich.console import Console

    from bnao.report import ProgressDisplay

    console = Console()
    with ProgressDisplay(console, what=what) as display:
        result = work(display)
    show(result, console)
