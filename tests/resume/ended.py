"""How a process that works on a run ends, for those who wait for it: its exit code."""

from __future__ import annotations

from collections.abc import Callable

from bnao.errors import BnaoError


def exit_code(work: Callable[[], object]) -> int:
    """0; 2 where bnao refused or failed, 130 where it was interrupted, with the error printed."""
    try:
        work()
    except BnaoError as error:
        print(error, flush=True)
        return 2
    except KeyboardInterrupt as error:
        print(error, flush=True)
        return 130
    return 0
