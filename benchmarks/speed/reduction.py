"""1x1 convolutions of stride 2 in the form they had, and on every second pixel of the image: ``python reduction.py``.

A forward and backward pass on channels-last images of batch 64, by turns in one process, one thread. Former ones have
20 channels or more, for below 16 they may crash (docs/troubleshooting.md).
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bnao.ops.layers import FactorizedReduction, ReluConvBN
from bnao.ops.lean.conv_norm import conv_norm


class Former(nn.Module):
    """A reduction, or a ReLU-conv1x1-BN, with convolutions of stride 2, of the same parameters."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        module = self.module
        if isinstance(module, ReluConvBN):
            return module[2](F.conv2d(F.relu(x), module[1].weight, stride=2))
        shifted = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        even, odd = module.even.weight, module.odd.weight
        halves = torch.cat([F.conv2d(x, even, stride=2), F.conv2d(shifted, odd, stride=2)], dim=1)
        y = conv_norm(halves, (None, (), module.norm))
        return module.norm(halves) if y is None else y


Build = Callable[[Callable[[nn.Module], nn.Module]], nn.Module]
CASES: dict[str, tuple[Build, int, int]] = {
    "reduction, 20 to 40": (lambda form: form(FactorizedReduction(20, 40)), 20, 32),
    "ReLU, reduction, 60 to 40": (lambda form: nn.Sequential(nn.ReLU(), form(FactorizedReduction(60, 40))), 60, 32),
    "reduction, 40 to 80": (lambda form: form(FactorizedReduction(40, 80)), 40, 16),
    "ReLU-conv3x3-BN, ReLU, reduction, 20 to 40": (
        lambda form: nn.Sequential(ReluConvBN(20, 20, 3), nn.ReLU(), form(FactorizedReduction(20, 40))), 20, 32,
    ),
    "ReLU-conv1x1-BN of stride 2, 20 to 40": (lambda form: form(ReluConvBN(20, 40, 1, stride=2)), 20, 32),
}  # fmt: skip


def measured(build: Build, channels: int, size: int, repeats: int) -> str:
    torch.manual_seed(0)
    found: list[nn.Module] = []

    def keep(module: nn.Module) -> nn.Module:
        found.append(module)
        return module

    now = build(keep).to(memory_format=torch.channels_last)
    former = copy.deepcopy(now)
    if isinstance(former, nn.Sequential) and not isinstance(former, ReluConvBN):
        former[-1] = Former(former[-1])
    else:
        former = Former(former)
    x = torch.randn(64, channels, size, size).contiguous(memory_format=torch.channels_last)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        results = []
        for module, times in zip((former, now), seconds, strict=True):
            image = x.clone().requires_grad_()
            begin = time.perf_counter()
            y = module(image)
            results.append((y, *torch.autograd.grad(y.square().sum(), [image, *module.parameters()])))
            times.append(time.perf_counter() - begin)
    same = all(map(torch.equal, *results))
    middle = [statistics.median(times) * 1000 for times in seconds]
    return f"{size} | {middle[0]:.1f} ms | {middle[1]:.1f} ms | {middle[1] / middle[0]:.2f} | {same}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=31)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print("| | pixels | before | now | ratio | equal to the bit |\n|---|---|---|---|---|---|")
    for name, (build, channels, size) in CASES.items():
        print(f"| {name} | {measured(build, channels, size, repeats)} |", flush=True)


if __name__ == "__main__":
    main()
