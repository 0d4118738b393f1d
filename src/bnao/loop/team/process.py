"""``python -m bnao.loop.team.process``: a follower that a run has started on its own machine."""

from __future__ import annotations

import os
import sys
import traceback

from bnao.distributed.local import end_with_parent, leave_signals, own_place


def main() -> int:
    """Serve to the end. 0: the work is over, well or not; 1: this process could not go on, and rank 0 knows why."""
    leave_signals()
    place = own_place()
    if place is None:
        print("this module is started by `bnao search` and `bnao train` with --processes N", file=sys.stderr)
        return 2
    end_with_parent()
    from bnao.errors import BnaoError
    from bnao.loop.given import NOTHING
    from bnao.loop.team.follow import Ended, follow
    from bnao.loop.team.start import local_group

    place.here(place.rank).touch()
    try:
        group = local_group(place)
    except BnaoError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        follow(group, NOTHING, place.rank)
    except Ended:
        return 0
    except BaseException as error:
        group.leave(f"{type(error).__name__}: {error}")
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # gloo's threads are not to be waited for
