"""How the processes of a run come together: started by torchrun, or by rank 0 itself on this machine."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from bnao.distributed import Launched, ProcessLost, launched
from bnao.errors import require
from bnao.loop.config import SearchConfig
from bnao.loop.given import Given

if TYPE_CHECKING:
    from bnao.distributed.local import Followers, Place
    from bnao.distributed.ranks import Ended, Ranks
    from bnao.loop.team.follow import Followed
    from bnao.loop.team.work import Work

    W = TypeVar("W", bound=Work)
MODULE = "bnao.loop.team.process"
END_SECONDS = 60.0  # for followers to hear that all is done
_meetings = itertools.count()
"""Each run of a process that torchrun started meets under a name of its own."""


class Assembly:
    """The processes of one run, a search or a training; a context manager that tells followers how it ended.

    ``processes``: how many to work with on this machine; None: those that torchrun started, or one. Raises SettingError
    where the two differ, and where objects given in Python would have to travel to another process.
    """

    def __init__(self, processes: int | None, given: Given) -> None:
        self._launched: Launched | None = launched()
        size = 1 if self._launched is None else self._launched.size
        if self._launched is not None:
            require(
                processes in (None, size),
                f"processes are those that torchrun started, {size}",
                processes,
                "leave processes out under torchrun",
            )
        elif processes is not None:
            require(1 <= processes <= 1024, "processes is from 1 to 1024", processes, "leave it out for one")
            require(
                processes == 1 or not given.any,
                "a model, data or functions given in Python cannot travel to processes that the search starts",
                processes,
                "leave processes out, or start your script by `torchrun --nproc-per-node N script.py`",
            )
            size = processes
        self.size = size
        self._given = given
        self._group: Ranks | None = None
        self._followers: Followers | None = None
        self._result: Any = None

    @property
    def follows(self) -> bool:
        """Whether this process does what rank 0 says, and writes nothing."""
        return self._launched is not None and self._launched.rank > 0

    @property
    def is_launched(self) -> bool:
        """Whether torchrun, or something like it, started these processes."""
        return self._launched is not None

    def __enter__(self) -> Self:
        if self._launched is not None:
            self._group = _launched_group(self._launched)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from bnao.loop.team.words import End, Fail
        from bnao.training.together import FAREWELL_SECONDS

        group = self._group
        if group is not None and group.rank == 0 and not isinstance(error, ProcessLost):
            if kind is None:
                group.farewell(End(self._result), END_SECONDS)
            else:
                group.farewell(Fail(), FAREWELL_SECONDS)
        if self._followers is not None and kind is not None:
            self._followers.close(kill=True)  # first, so that nothing is under way with them
        if group is not None:
            group.close()
        if self._followers is not None:
            self._followers.close()

    def check(self, config: SearchConfig) -> None:
        """Raise SettingError for settings that several processes cannot have."""
        require(
            self.size == 1 or config.max_minutes is None,
            "a limit of minutes is planned from the steps of one process; it goes with one process",
            f"{self.size} processes and max_minutes {config.max_minutes}",
            "leave one of the two out",
        )

    def joined(self, work: W, *, resumed: bool = False, parts: int = 1) -> W:
        """Rank 0: ``work`` with the team that shares it, once all have built the same.

        The threads of a new run are divided among the processes that it starts; ``resumed``: the settings are of a run
        that has done so, and divides batches into ``parts``; more processes than these share the threads of all. Raises
        BnaoError where that cannot be, a process is lost, or another one's data differ.
        """
        from bnao.distributed import ALONE
        from bnao.distributed.local import interface, loopback
        from bnao.loop.team.follow import refuse_other_inputs, require_gpus
        from bnao.loop.team.team import Team
        from bnao.loop.team.words import Begin, Ready
        from bnao.loop.workbench import num_threads_of

        config, before, parts = work.config, parts, max(parts, self.size)
        Team(parts=parts).check(config)
        threads = num_threads_of(config.threads)
        if self.size == 1:
            return work.joined(Team(ALONE, parts), config.threads)
        if self._group is None:
            had = min(before, self.size) if resumed and config.threads else 1  # processes with so many threads each
            threads = max(1, threads * had // self.size)
            require_gpus(work.device, self.size)
            self._group = self._started(threads)
        group = self._group
        work = work.joined(Team(group, parts, own=1 if self.is_launched else self.size), threads)
        group.broadcast(Begin(type(work), work.config, parts))
        refuse_other_inputs(group.gather(work.inputs()))
        group.broadcast(Ready())
        with nullcontext() if self.is_launched else interface(loopback()):
            group.prepare(work.device, config.timeout_minutes)
        return work

    def _started(self, threads: int) -> Ranks:
        from bnao.distributed.local import Followers

        self._followers = Followers(self.size, MODULE, threads)
        self._followers.wait()
        return local_group(self._followers.place, self._followers.ended)

    def finish(self, result: Any) -> None:
        """Rank 0: what followers return to their callers."""
        self._result = result

    def follow(self) -> Followed:
        """A process that torchrun started: serve rank 0 to the end, which has the first GPU of its machine.

        Leaves the program (SystemExit) where rank 0 ends without a result, for it has said why.
        """
        from bnao.loop.team.follow import Ended, follow

        assert self._group is not None and self._launched is not None and self.follows
        with _undisturbed():
            try:
                return follow(self._group, self._given, self._launched.local_rank)
            except Ended:
                raise SystemExit(0) from None
            except BaseException as error:
                self._group.leave(f"{type(error).__name__}: {error}")
                raise


def follow_launched() -> None:
    """In a process that torchrun started and that is not rank 0: serve a run whose folder only rank 0 need see."""
    from bnao.loop.given import NOTHING

    with Assembly(None, NOTHING) as assembly:
        assembly.follow()


def local_group(place: Place, ended: Ended | None = None) -> Ranks:
    """The group of the processes that a run has started on this machine."""
    from torch.distributed import FileStore  # type: ignore[attr-defined]

    from bnao.distributed.local import interface, loopback
    from bnao.distributed.ranks import Ranks

    store = FileStore(str(place.store), place.size)
    with interface(loopback()):
        return Ranks(store, place.rank, place.size, ended=ended or (lambda: None))


def _launched_group(launched: Launched) -> Ranks:
    from torch.distributed import PrefixStore  # type: ignore[attr-defined]
    from torch.distributed.rendezvous import rendezvous

    from bnao.distributed.ranks import Ranks

    store, _, _ = next(rendezvous("env://", launched.rank, launched.size))
    return Ranks(PrefixStore(f"bnao/{next(_meetings)}", store), launched.rank, launched.size)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM reach all processes of a launcher; a follower waits for what rank 0 makes of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
