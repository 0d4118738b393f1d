"""Work done by several processes that share a gloo group, each a fork of the test's."""

from __future__ import annotations

import multiprocessing
import pickle
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch.distributed import FileStore

from bnao.distributed.local import interface, loopback
from bnao.distributed.ranks import Ranks

PATIENCE = 200.0  # seconds for one process's work


def together(work: Callable[[Ranks], Any], size: int = 2) -> list[Any]:
    """What ``work(group)`` returns in each process, by rank; an exception is returned."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        ends: list[Connection] = []
        processes = []
        for rank in range(size):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_serve, args=(work, Path(folder) / "store", rank, size, theirs))
            process.start()
            theirs.close()
            ends.append(ours)
            processes.append(process)
        try:
            found = [_heard(end) for end in ends]
            for process in processes:
                process.join(60)
                assert process.exitcode is not None
        finally:
            for process in processes:
                process.kill()  # one that waits for another that is gone
    return found


def _heard(end: Connection) -> Any:
    assert end.poll(PATIENCE), f"no word within {PATIENCE} s"
    try:
        return pickle.loads(end.recv_bytes())
    except EOFError:
        return None  # it was killed


def _serve(work: Callable[[Ranks], Any], store: Path, rank: int, size: int, end: Connection) -> None:
    torch.set_num_threads(1)
    try:
        with interface(loopback()):
            group = Ranks(FileStore(str(store), size), rank, size)
            group.prepare(torch.device("cpu"), 1.0)
            group.all_numbers(0)  # all are there
        result = work(group)
    except Exception as error:
        traceback.print_exc()
        result = error
    end.send_bytes(pickle.dumps(result))
