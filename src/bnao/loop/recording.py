"""Work on a run whose events are recorded, and what its end says of going on (imports no torch until it is used)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bnao.errors import Interrupted, NumericalError, RunError
from bnao.loop.events import Kept, Listener, Several

if TYPE_CHECKING:
    from bnao.loop.stages import StageLog
    from bnao.storage import RunFolder


@contextmanager
def recorded(
    run: RunFolder, log: StageLog, early: Kept, heard: Listener, *, go_on: str, patient: bool = False
) -> Iterator[None]:
    """Within it ``log`` tells the run's event log and ``heard``, first what was told ``early``; a signal stops it.

    ``go_on`` is the command that goes on; ``patient`` as :func:`~bnao.loop.stopping.stoppable`. Raises Interrupted,
    NumericalError and RunError with words on what is kept and how to go on.
    """
    from bnao.loop.stopping import stoppable, stopped_words

    try:
        with run.event_log() as events, stoppable(log.stop, patient=patient):
            early.replay(events)
            log.listener = Several(events, heard)
            yield
    except KeyboardInterrupt as error:
        raise Interrupted(stopped_words(error, go_on)) from None
    except NumericalError as error:
        raise NumericalError(f"{error}; the last good state is kept in {str(run.path)!r}") from error
    except RunError as error:
        raise RunError(f"{error}; the last good state is kept: then go on with {go_on}") from error
