"""bnao on the toy space: one JSON row.

.venv/bin/python benchmarks/peers/ours.py /tmp/peers.npz --seed 0 --out row.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import bnao

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("data")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=2, help="of the last training")
parser.add_argument("--final", default="retrain", help="where the winner's weights come from: retrain or fine_tune")
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()
arrays = {name: torch.from_numpy(array) for name, array in np.load(options.data).items()}
LIMIT = 57_000  # parameters, about half of the largest network


def conv(c_in: int, c_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False)


class Block(nn.Module):
    """Two convolutions around which the input is added; the width between them is open."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.conv_in, self.norm_in = conv(width, inner), nn.BatchNorm2d(inner)
        self.conv_out, self.norm_out = conv(inner, width), nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.norm_out(self.conv_out(torch.relu(self.norm_in(self.conv_in(x))))))


def stage(c_in: int, width: int, inner: tuple[int, int], stride: int) -> nn.Module:
    def block() -> nn.Module:
        return bnao.OneOf({i: lambda i=i: Block(width, i) for i in inner})

    enter = nn.Sequential(conv(c_in, width, stride), nn.BatchNorm2d(width), nn.ReLU())
    return nn.Sequential(enter, bnao.Repeat(block, times=(0, 1, 2)))


class Net(nn.Module):
    """Two stages; the first one's width is open."""

    def __init__(self) -> None:
        super().__init__()
        self.one = bnao.OneOf({w: lambda w=w: stage(3, w, (12, 24), 1) for w in (12, 24)}, name="width")
        self.two = bnao.OneOf({w: lambda w=w: stage(w, 48, (24, 48), 2) for w in (12, 24)}, name="width")
        self.head = nn.Linear(48, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.two(self.one(x)).mean((2, 3)))


began = {"wall": time.perf_counter(), "cpu": time.process_time()}
parts = {name: (arrays[f"{name}_x"], arrays[f"{name}_y"]) for name in ("train", "valid", "test")}
out = Path(tempfile.mkdtemp()) / "run"
# search code begins
result = bnao.search(
    Net, **parts, max_params=LIMIT, epochs=options.epochs, batch_size=64, seed=options.seed, final=options.final,
    out=out, settings={"threads": 1, "loop.pool": 100, "loop.proposals": 30},
)  # fmt: skip
model, accuracy = result.best.module, result.best.accuracy
# search code ends
spent = {"wall": time.perf_counter() - began["wall"], "cpu": time.process_time() - began["cpu"]}
num_params = sum(p.numel() for p in model.parameters())
with torch.no_grad():
    right = torch.cat([model(x).argmax(1) == y for x, y in zip(*(t.split(500) for t in parts["test"]), strict=True)])
assert abs(float(right.float().mean()) - accuracy) < 1e-6
row = {
    "tool": "bnao", "final": options.final, "seed": options.seed, "epochs": options.epochs, "limit": LIMIT,
    "num_params": num_params, "obeyed": num_params <= LIMIT, "accuracy": accuracy,
    "standard_error": result.best.standard_error, "wall_seconds": round(spent["wall"], 1),
    "cpu_seconds": round(spent["cpu"], 1),
    "classes_of_the_tool_in_the_module": sorted(
        {type(m).__module__ for m in model.modules() if type(m).__module__.startswith("bnao")}
    ),
    "architecture": result.best.architecture,
}  # fmt: skip
options.out.write_text(json.dumps(row, indent=1) + "\n")
print(json.dumps(row))
print(result.best.text)
