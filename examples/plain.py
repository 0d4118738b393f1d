"""What the examples share: their flags, a plain training loop for the baselines, and the table they print."""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, default_collate


def flags(about: str) -> argparse.Namespace:
    """``--seeds``, ``--quick``, ``--out``, and ``settings`` for ``bnao.search``."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seeds", type=int, default=1, help="repeat all with seeds 0, 1, ... (default: 1)")
    parser.add_argument("--quick", action="store_true", help="a small scale that only shows that it runs")
    parser.add_argument("--out", type=Path, help="new folder for the runs (default: a temporary one)")
    options = parser.parse_args()
    options.out = options.out or Path(tempfile.mkdtemp(prefix="bnao-"))
    threads = torch.get_num_threads()  # so that OMP_NUM_THREADS=1 holds for the search too
    options.settings = {"threads": threads, "loop.pool": 100, "loop.proposals": 50}
    if options.quick:
        options.settings |= {"loop.pool": 8, "loop.proposals": 4, "rerank.top": 1, "controller.epochs": 10}
    return options


Loss = Callable[[Tensor, Tensor], Tensor]


def train(build: Callable[[], nn.Module], data: Dataset, loss: Loss, *, epochs: int, batch_size: int, seed: int):
    """``build()`` trained with what ``bnao.search`` trains its networks with, so that only the network differs.

    That is AdamW, a learning rate that falls from 1e-3 to 1e-5 along a cosine, weight decay 0.01, gradients clipped at
    a norm of 5. Returns the module in eval mode.
    """
    torch.manual_seed(seed)
    module = build().train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3, weight_decay=0.01)
    steps = epochs * (len(data) // batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2
    )
    for _ in range(epochs):
        for rows in torch.randperm(len(data)).split(batch_size)[: len(data) // batch_size]:
            inputs, targets = default_collate([data[int(row)] for row in rows])
            optimizer.zero_grad()
            loss(module(inputs), targets).backward()
            nn.utils.clip_grad_norm_(module.parameters(), 5.0)
            optimizer.step()
            schedule.step()
    return module.eval()


def outputs(module: nn.Module, inputs: Tensor) -> Tensor:
    """Of all ``inputs``, a thousand at a time."""
    with torch.no_grad():
        return torch.cat([module(part) for part in inputs.split(1000)])


def num_params(module: nn.Module) -> int:
    """All parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


class Table:
    """One row for each competitor: mean and standard deviation over the seeds of a figure, and its parameters."""

    def __init__(self, figure: str, digits: int) -> None:
        self.figure, self.digits = figure, digits
        self.rows: dict[str, list[tuple[float, int | None]]] = {}

    def add(self, name: str, value: float, num_params: int | None = None) -> None:
        """A measurement of one seed."""
        self.rows.setdefault(name, []).append((float(value), num_params))

    def show(self) -> None:
        """Print it as Markdown."""
        print(f"| | {self.figure} | parameters |\n|---|---|---|")
        seeds = max(map(len, self.rows.values()))
        for name, measured in self.rows.items():
            values = [value for value, _ in measured]
            counts = sorted({count for _, count in measured if count is not None})
            spread = f" ± {statistics.stdev(values):.{self.digits}f}" if len(values) > 1 else ""
            size = " to ".join(f"{count:,}" for count in dict.fromkeys([*counts[:1], *counts[-1:]])) or "-"
            print(f"| {name} | {statistics.mean(values):.{self.digits}f}{spread} | {size} |")
        print(f"{seeds} seed(s)" + (", mean ± standard deviation" if seeds > 1 else ""))
