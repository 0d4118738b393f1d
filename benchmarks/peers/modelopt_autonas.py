"""NVIDIA ModelOpt's AutoNAS on the toy space, in an environment of its own (README.md): one JSON row.

/tmp/peers/bin/python benchmarks/peers/modelopt_autonas.py /tmp/peers.npz --seed 0 --out row.json
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import modelopt.torch.nas as mtn
import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("data")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=2, help="of the last training; 5 times as many of the supernet")
parser.add_argument("--scored", type=int, default=130, help="candidates looked at")
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()
arrays = {name: torch.from_numpy(array) for name, array in np.load(options.data).items()}
LIMIT = 57_000  # parameters, about half of the largest network


class Block(nn.Module):
    """Two convolutions around which the input is added; the width between them is open."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_in = nn.BatchNorm2d(width)
        self.conv_out = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_out = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.norm_out(self.conv_out(torch.relu(self.norm_in(self.conv_in(x))))))


class Stage(nn.Module):
    """A convolution, and blocks of open number."""

    def __init__(self, c_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(c_in, width, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(Block(width), Block(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blocks(torch.relu(self.norm(self.enter(x))))


class Net(nn.Module):
    """Two stages; the first one's width is open."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = Stage(3, 24, 1), Stage(24, 48, 2)
        self.head = nn.Linear(48, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.two(self.one(x)).mean((2, 3)))


def accuracy(model: nn.Module, part: str) -> float:
    model.eval()
    with torch.no_grad():
        right = [model(x).argmax(1) == y for x, y in batches(part, 500)]
    return float(torch.cat(right).float().mean())


def batches(part: str, size: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(zip(arrays[f"{part}_x"].split(size), arrays[f"{part}_y"].split(size), strict=True))


def train(model: nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int, batch_size: int = 64) -> None:
    """AdamW with the settings of bnao's recipe ``own``."""
    model.train()
    steps = epochs * (len(x) // batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: 0.01 + 0.99 * (1 + math.cos(math.pi * s / steps)) / 2)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch_size)[: len(x) // batch_size]:
            optimizer.zero_grad()
            cross_entropy(model(x[rows]), y[rows]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            rate.step()


torch.manual_seed(options.seed)
np.random.seed(options.seed)
began = {"wall": time.perf_counter(), "cpu": time.process_time()}
# search code begins (without Net, train, accuracy, batches, which the user needs too)
conv = {"channels_ratio": (0.5, 1.0), "channel_divisor": 4}
rules = {"nn.Conv2d": {"*": conv}, "nn.BatchNorm2d": {"*": {"features_ratio": (0.5, 1.0), "feature_divisor": 4}},
         "nn.Sequential": {"*": {"min_depth": 0}}}  # fmt: skip
model = mtn.convert(Net(), [("autonas", rules)])
train(model, arrays["train_x"], arrays["train_y"], 5 * options.epochs)
model, history = mtn.search(
    model, constraints={"params": LIMIT}, dummy_input=arrays["train_x"][:1],
    config={"data_loader": batches("train", 64), "collect_func": lambda batch: batch[0],
            "score_func": lambda net: accuracy(net, "valid"), "num_iters": options.scored, "verbose": False},
)  # fmt: skip
accuracy_before = accuracy(model, "test")  # as it comes out
both = [torch.cat([arrays[f"train_{axis}"], arrays[f"valid_{axis}"]]) for axis in "xy"]
train(model, *both, options.epochs)
accuracy_after = accuracy(model, "test")
# search code ends
spent = {"wall": time.perf_counter() - began["wall"], "cpu": time.process_time() - began["cpu"]}
num_params = sum(p.numel() for p in model.parameters())
foreign = sorted({type(m).__module__ for m in model.modules() if type(m).__module__.startswith("modelopt")})
torch.manual_seed(options.seed)
fresh = Net()
row = {
    "tool": "ModelOpt AutoNAS", "seed": options.seed, "epochs": options.epochs, "limit": LIMIT,
    "largest_num_params": sum(p.numel() for p in fresh.parameters()), "num_params": num_params,
    "obeyed": num_params <= LIMIT, "accuracy_as_it_comes_out": accuracy_before, "accuracy": accuracy_after,
    "params_the_tool_counted": history["best"]["constraints"].get("params"),
    "within_limit": history["num_satisfied"],
    "wall_seconds": round(spent["wall"], 1), "cpu_seconds": round(spent["cpu"], 1),
    "classes_of_the_tool_in_the_module": foreign,
    "network": str(model),
}  # fmt: skip
options.out.write_text(json.dumps(row, indent=1) + "\n")
print(json.dumps({k: v for k, v in row.items() if k != "network"}))
print(model)
