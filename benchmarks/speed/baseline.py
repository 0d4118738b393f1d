"""The plain way to train a NAO supernet, to compare with: contiguous NCHW memory, zero-filled gradients, all stepped.

Written from docs/method.md for this benchmark; imports nothing of bnao. All candidates are built, and the forward pass
runs the drawn ones. Every parameter always has a gradient (zeros off the path), is clipped with the others and moved by
SGD with momentum and weight decay. Weights and batch norms are kept per (cell, node, side, operation, input).

Shapes: B images, C channels, h x w pixels. Operations: 0 sep 3x3, 1 sep 5x5, 2 average pool, 3 max pool, 4 identity.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NUM_OPERATIONS = 5
Node = tuple[tuple[int, int], tuple[int, int]]
"""Two (input, operation) pairs."""


class Reduction(nn.Module):
    """Factorized reduction: (B, c_in, h, w) -> (B, c_out, h/2, w/2)."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(c_in, c_out // 2, 1, stride=2, bias=False)
        self.second = nn.Conv2d(c_in, c_out // 2, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        shifted = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        return self.norm(torch.cat([self.first(x), self.second(shifted)], dim=1))


def pointwise(c_in: int, c_out: int) -> nn.Module:
    """ReLU, convolution 1x1, batch norm."""
    return nn.Sequential(nn.ReLU(), nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out))


def operation(index: int, c: int, stride: int) -> nn.Module:
    """A fresh candidate that keeps its width."""
    if index < 2:
        kernel = 3 + 2 * index
        layers: list[nn.Module] = []
        for step in (stride, 1):
            layers += [
                nn.ReLU(),
                nn.Conv2d(c, c, kernel, stride=step, padding=kernel // 2, groups=c, bias=False),
                nn.Conv2d(c, c, 1, bias=False),
                nn.BatchNorm2d(c),
            ]
        return nn.Sequential(*layers)
    if index == 2:
        return nn.AvgPool2d(3, stride=stride, padding=1, count_include_pad=False)
    if index == 3:
        return nn.MaxPool2d(3, stride=stride, padding=1)
    return nn.Identity() if stride == 1 else Reduction(c, c)


class SuperCell(nn.Module):
    """A cell with all its candidates; ``forward(older, newer, nodes)`` runs those of ``nodes``."""

    def __init__(
        self, c_older: int, c_newer: int, c: int, *, halve_older: bool, reduces: bool, nodes: int, drop_share: float
    ) -> None:
        super().__init__()
        if halve_older:
            self.older: nn.Module = nn.Sequential(nn.ReLU(), Reduction(c_older, c))
        else:
            self.older = nn.Identity() if c_older == c else pointwise(c_older, c)
        self.newer = nn.Identity() if c_newer == c else pointwise(c_newer, c)
        self.drop_share = drop_share
        self.operations = nn.ModuleDict(
            {
                f"{node}_{side}_{op}_{source}": operation(op, c, 2 if reduces and source < 2 else 1)
                for node in range(nodes)
                for side in range(2)
                for op in range(NUM_OPERATIONS)
                for source in range(node + 2)
            }
        )
        self.to_size = nn.ModuleList([Reduction(c, c), Reduction(c, c)]) if reduces else None
        self.slices = nn.ParameterList([nn.Parameter(torch.empty(c, c, 1, 1)) for _ in range(nodes + 2)])
        self.norm = nn.BatchNorm2d(c)

    def dropped(self, x: Tensor, progress: float) -> Tensor:
        """Drop-path, by image."""
        keep = 1.0 - progress * self.drop_share
        if not self.training or keep >= 1.0:
            return x
        mask = (torch.rand(x.shape[0], 1, 1, 1) < keep).to(x.dtype)
        return x * (mask / keep)

    def forward(self, older: Tensor, newer: Tensor, nodes: Sequence[Node], progress: float) -> Tensor:
        states, used = [self.older(older), self.newer(newer)], set()
        for node, pairs in enumerate(nodes):
            parts = []
            for side, (source, op) in enumerate(pairs):
                used.add(source)
                parts.append(self.dropped(self.operations[f"{node}_{side}_{op}_{source}"](states[source]), progress))
            states.append(parts[0] + parts[1])
        unused = [state for state in range(len(states)) if state not in used]
        outputs = [
            self.to_size[state](states[state]) if self.to_size is not None and state < 2 else states[state]
            for state in unused
        ]
        weight = torch.cat([self.slices[state] for state in unused], dim=1)
        return self.norm(F.conv2d(F.relu(torch.cat(outputs, dim=1)), weight))


class PlainSupernet(nn.Module):
    """The supernet of 3 N + 2 cells for CIFAR-sized images; ``drop_path_keep`` is the last cell's at the end."""

    def __init__(self, *, cells_per_stage: int, channels: int, classes: int, nodes: int, drop_path_keep: float) -> None:
        super().__init__()
        c, wide, n = channels, 3 * channels, cells_per_stage
        self.stem = nn.Sequential(nn.Conv2d(3, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide))
        self.reduction_layers = (n, 2 * n + 1)
        layers, cells = 3 * n + 2, []
        widths, halved = [wide, wide], False
        for layer in range(layers):
            reduces = layer in self.reduction_layers
            c *= 2 if reduces else 1
            share = (1.0 - drop_path_keep) * (layer + 1) / layers
            cells.append(
                SuperCell(*widths, c, halve_older=halved, reduces=reduces, nodes=nodes, drop_share=share)
            )  # fmt: skip
            widths, halved = [widths[1], c], reduces
        self.cells = nn.ModuleList(cells)
        self.classify = nn.Linear(c, classes)
        for parameter in self.parameters():
            if parameter.dim() >= 2:
                nn.init.kaiming_normal_(parameter)

    def forward(self, x: Tensor, normal: Sequence[Node], reduction: Sequence[Node], progress: float = 0.0) -> Tensor:
        older = newer = self.stem(x)
        for layer, cell in enumerate(self.cells):
            nodes = reduction if layer in self.reduction_layers else normal
            older, newer = newer, cell(older, newer, nodes, progress)
        return self.classify(newer.mean(dim=(2, 3)))


class PlainTraining:
    """The paper's SGD on a plain supernet."""

    def __init__(self, supernet: PlainSupernet, *, learning_rate: float = 0.025) -> None:
        self.supernet = supernet.train()
        self.parameters = list(supernet.parameters())
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)
        self.optimizer = torch.optim.SGD(self.parameters, lr=learning_rate, momentum=0.9, weight_decay=3e-4)

    def step(
        self, x: Tensor, labels: Tensor, normal: Sequence[Node], reduction: Sequence[Node], progress: float
    ) -> float:
        """Zero, forward, backward, clip, update; the loss before it."""
        self.optimizer.zero_grad(set_to_none=False)
        loss = F.cross_entropy(self.supernet(x, normal, reduction, progress), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 5.0)
        self.optimizer.step()
        return float(loss.detach())
