"""Supernet steps by two processes of one thread, half of the batch each: how `--processes 2` trains on two cores."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import networks
import torch

from bnao.arch import Architecture
from bnao.distributed import Shards
from bnao.distributed.local import Place
from bnao.distributed.ranks import Ranks
from bnao.loop.team.start import local_group
from bnao.training.device import threads

SIZE = 2
MINUTES = 30.0  # one waits for the other; the plain supernet trains meanwhile
Call = Callable[[Architecture], list[float]]


@contextmanager
def together(*sizes: int) -> Iterator[Call]:
    """A call that trains one architecture of :func:`networks.nao_cell` of these sizes as :class:`networks.Stepper`
    does, by this process and one that is started here, and returns the seconds of its steps."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_serve, args=(sizes, Path(folder), there), daemon=True)
        process.start()
        there.close()
        group, stepper = _join(sizes, Path(folder), 0)

        def call(architecture: Architecture) -> list[float]:
            here.send(architecture)
            with threads(1):
                return stepper(architecture)

        try:
            yield call
            here.send(None)
            process.join()
        finally:
            group.close()
            process.kill()


def _join(sizes: tuple[int, ...], folder: Path, rank: int) -> tuple[Ranks, networks.Stepper]:
    """Find the other process; the supernet's steps shared with it."""
    group = local_group(Place(rank, SIZE, folder))
    group.prepare(torch.device("cpu"), MINUTES)
    case = networks.nao_cell(*sizes)
    images = case.images(4 * case.batch)
    return group, networks.Stepper(networks.supernet(case), images, case.batch, shards=Shards(SIZE, group))


def _serve(sizes: tuple[int, ...], folder: Path, end: Connection) -> None:
    """The other process: takes part in each call until it is told None, or is left alone."""
    torch.set_num_threads(1)
    group, stepper = _join(sizes, folder, 1)
    try:
        while (architecture := end.recv()) is not None:
            stepper(architecture)
    except EOFError:
        return
    finally:
        group.close()
