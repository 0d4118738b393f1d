"""What a user starts by torchrun: a model and data in Python, the same call in each process."""

from __future__ import annotations

import os
import sys

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
    print(f"rank {os.environ['RANK']}: {result.summary.winner.id} {result.summary.processes}", flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except bnao.errors.BnaoError as error:
        print(error, flush=True)
