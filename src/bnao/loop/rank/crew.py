"""Jobs divided over processes, or trained in this one; who trains a job changes nothing of its result."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, cast

from bnao.distributed.local import without_interrupt
from bnao.errors import RunError, require
from bnao.loop.given import Given
from bnao.loop.rank.jobs import Job, Training
from bnao.loop.rank.worker import work
from bnao.loop.stopping import Stop
from bnao.loop.workbench import Workbench
from bnao.training.device import threads
from bnao.training.loop import Epoch, Hooks
from bnao.training.memory import keeping_freed_memory

Said = Callable[[Job, int, dict[str, float]], None]
Learned = Callable[[Job, Epoch], None]
Results = Generator[tuple[Job, Training], None, None]


def num_processes(asked: int | None, bench: Workbench, num_jobs: int) -> int:
    """``asked``, or one for each GPU, or one for each core that this process may use; not more than jobs."""
    import torch

    own = torch.cuda.device_count() if bench.device.type == "cuda" else len(_cores())
    return max(1, min(own if asked is None else asked, num_jobs))


def in_process(asked: int | None, given: Given) -> int | None:
    """``asked``, and 1 where anything was given in Python. Raises SettingError where more were asked for then."""
    if not given.any:
        return asked
    require(
        asked in (None, 1),
        "a model, data or functions given in Python are in one process, where all trainings of a ranking take place",
        asked,
        "leave processes out; only a run whose settings name everything (--plugin FILE.py:NAME) is divided",
    )
    return 1


def _cores() -> Sequence[int]:
    return sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else range(os.cpu_count() or 1)


def trained_here(
    jobs: Sequence[Job], bench: Workbench, *, seed: int, place: Path, stop: Stop, said: Said, learned: Learned
) -> Results:
    """Each job with what came of it, trained in this process."""
    from bnao.loop.rank.alone import train_job

    with threads(1), keeping_freed_memory():
        test = bench.held_out.open().to(bench.device)
        for job in jobs:
            hooks = Hooks(on_step=_about(job, said), on_epoch=_of(job, learned))
            yield job, train_job(bench, test, job, seed=seed, place=place, stop=stop, hooks=hooks)


def _about(job: Job, said: Said) -> Callable[[int, dict[str, float]], None]:
    return lambda done, figures: said(job, done, figures)


def _of(job: Job, learned: Learned) -> Callable[[Epoch], None]:
    return lambda epoch: learned(job, epoch)


class Crew:
    """Processes, each with a job; made for one call of :meth:`results`."""

    def __init__(self, count: int, bench: Workbench, *, seed: int, place: Path, stop: Stop) -> None:
        self._count, self._config, self._seed, self._place, self._stop = count, bench.config, seed, place, stop
        self._processes: dict[Connection, Any] = {}
        self._jobs: dict[Connection, Job] = {}

    def results(self, jobs: Sequence[Job], said: Said, learned: Learned) -> Results:
        """Each job with what came of it, in the order of finishing.

        Raises KeyboardInterrupt, with all running trainings saved, where the stop was asked for; RunError where a
        process died.
        """
        waiting, told = deque(jobs), False
        try:
            for index in range(self._count):
                self._give(self._start(index), waiting)
            while self._processes:
                self._stop.unsaved = True  # the workers save themselves before this process heeds a stop
                if self._stop.asked and not told:
                    told = True
                    waiting.clear()
                    for connection in self._processes:
                        with suppress(OSError):
                            connection.send(None)
                for ready in wait(list(self._processes), timeout=0.2):
                    connection = cast(Connection, ready)
                    kind, *values = self._hear(connection)
                    if kind == "step":
                        said(self._jobs[connection], *values)
                    elif kind == "epoch":
                        learned(self._jobs[connection], *values)
                    elif kind == "trained":
                        job = self._jobs.pop(connection)
                        if not told:
                            self._give(connection, waiting)
                        yield job, values[0]
                        self._stop.unsaved = True  # whoever took it has committed it, which says nothing of the others
                    elif kind == "error":
                        raise values[0]
                    else:
                        self._processes.pop(connection).join()
            self._stop.unsaved = False
            self._stop.check()
        finally:
            self._end()

    def _start(self, index: int) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self._config, self._seed, self._place, index)
        process = context.Process(target=work, args=arguments, name=f"bnao-rank-{index}")
        with without_interrupt():
            process.start()
        theirs.close()
        self._processes[ours] = process
        return ours

    def _give(self, connection: Connection, waiting: deque[Job]) -> None:
        job = waiting.popleft() if waiting else None
        if job is not None:
            self._jobs[connection] = job
        with suppress(OSError):  # a process that has died is found when it is heard
            connection.send(job)

    def _hear(self, connection: Connection) -> tuple[Any, ...]:
        try:
            message: tuple[Any, ...] = connection.recv()
            return message
        except (EOFError, OSError):
            process = self._processes[connection]
            process.join()
            raise RunError(
                f"the processes of a ranking live until it ends; one of {self._count} died (exit code "
                f"{process.exitcode}): use fewer of them if memory ran out (--processes 1); a script of your own needs "
                "`if __name__ == '__main__':`, or processes=1"
            ) from None

    def _end(self) -> None:
        """Processes that are left have nothing more to say."""
        for connection, process in self._processes.items():
            connection.close()
            process.kill()
        for process in self._processes.values():
            process.join()
        self._processes.clear()
