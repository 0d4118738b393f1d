"""A process that trains the jobs it is sent, one at a time.

Messages to it: a :class:`~bnao.loop.rank.jobs.Job`, or None to stop, which it also heeds within a training, after
saving that. From it, each a tuple that begins with its kind:

- ``("step", done, figures)``, at most twice a second, ``("epoch", epoch)``;
- ``("trained", training)``: the job is done;
- ``("stopped",)``: it has saved what it was at; ``("error", exception)``: it cannot go on.

It ends with its parent, however that ends: within a step, for it looks at the pipe after each.
"""

from __future__ import annotations

import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bnao.distributed.local import leave_signals
from bnao.errors import BnaoError
from bnao.loop.config import SearchConfig
from bnao.loop.memory import memory_error, ran_out
from bnao.loop.rank.jobs import Job
from bnao.loop.stopping import Stop
from bnao.training.loop import Epoch, Hooks

SAY_SECONDS = 0.5


def work(connection: Any, config: SearchConfig, seed: int, place: Path, index: int) -> None:
    """Serve ``connection``; ``index`` says which GPU is this process's, where there are any."""
    leave_signals()
    try:
        _serve(connection, config, seed, place, index)
    except (EOFError, BrokenPipeError, ConnectionResetError):  # the parent is gone
        return
    except KeyboardInterrupt:
        connection.send(("stopped",))
    except BnaoError as error:
        connection.send(("error", error))
    except Exception as error:
        if ran_out(error):
            connection.send(("error", memory_error("rank", error)))
            return
        # a bug of ours: its trace has to reach the user through the parent
        connection.send(("error", RuntimeError("".join(traceback.format_exception(error)))))


def _serve(connection: Connection, config: SearchConfig, seed: int, place: Path, index: int) -> None:
    import torch

    from bnao.loop.rank.alone import train_job
    from bnao.loop.workbench import make_workbench

    torch.set_num_threads(1)
    if config.device != "cpu" and torch.cuda.is_available():
        torch.cuda.set_device(index % torch.cuda.device_count())
    bench = make_workbench(config, begun=True)
    test = bench.held_out.open().to(bench.device)
    stop, spoken = Stop(), 0.0

    def on_step(done: int, figures: dict[str, float]) -> None:
        nonlocal spoken
        if connection.poll():
            stop.asked = stop.asked or connection.recv() is None
        if time.monotonic() - spoken >= SAY_SECONDS:
            connection.send(("step", done, figures))
            spoken = time.monotonic()
        stop.check()

    def on_epoch(epoch: Epoch) -> None:
        connection.send(("epoch", epoch))

    hooks = Hooks(on_step=on_step, on_epoch=on_epoch)
    while (job := connection.recv()) is not None:
        assert isinstance(job, Job)
        training = train_job(bench, test, job, seed=seed, place=place, stop=stop, hooks=hooks)
        connection.send(("trained", training))
        if stop.asked:
            break
    connection.send(("stopped",))
