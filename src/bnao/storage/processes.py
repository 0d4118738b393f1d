"""Whether a process that left a file behind may still be at work."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any


def host_name() -> str:
    """What this machine calls itself."""
    return socket.gethostname()


def may_live(pid: object, host: object) -> bool:
    """Whether process ``pid`` of the machine ``host`` may run now, as far as it can be known from here.

    A process of another host cannot be seen, so it may. What is no process number belongs to no process. On Windows,
    where asking would end the process, all may.

    >>> may_live(os.getpid(), host_name()), may_live("x", host_name()), may_live(1, "another host")
    (True, False, True)
    """
    if not isinstance(pid, int) or isinstance(pid, bool) or not 0 < pid < 2**31:
        return False
    if host != host_name() or sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def holder() -> dict[str, Any]:
    """How a file says whose it is."""
    return {"pid": os.getpid(), "host": host_name()}
