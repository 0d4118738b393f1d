"""What a user starts by torchrun: a model and data in Python, the same call in each process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.loop.test_own_search import CLASSES, FLAT, MICRO, Net
from torch.utils.data import TensorDataset

import bnao


def main(folder: str, what: str) -> None:
    data = TensorDataset(FLAT[:64], CLASSES[:64])
    if what == "other" and os.environ["RANK"] == "1":
        data = TensorDataset(FLAT[:64] + 1, CLASSES[:64])
    result = bnao.search(
        Net,
        train=data,
        valid=TensorDataset(FLAT[64:], CLASSES[64:]),
        out=folder,
        seed=0,
        epochs=1,
        settings=MICRO | {"loop.rounds": 1},
    )
    summary = result.summary
    line = f"rank {os.environ['RANK']}: {summary.winner.id} {summary.processes} {gloo_threads()}\n"
    print(line, end="", flush=True)  # one write: both processes have the same output


def gloo_threads() -> int:
    """Threads of gloo that live; Python may abort when it ends beside one."""
    tasks = Path("/proc/self/task")
    return sum("gloo" in (task / "comm").read_text() for task in tasks.iterdir()) if tasks.exists() else 0


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except bnao.errors.BnaoError as error:
        print(error, flush=True)
