"""Scoring after a short training of each architecture's own copy of the shared weights.

Shared weights are a compromise between all architectures, and what an architecture loses by it has little to do with
its worth. Some dozens of steps on its own give much of that back. All architectures see the same training batches in
the same order, and the supernet stays as it is.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD

from bnao.data.images import Images
from bnao.rng import Name, generator, torch_stream

MOMENTUM, CLIP_NORM = 0.9, 5.0
END = 0.4
"""Share of the learning rate at which the adaptation ends. At 0 the copies settle near the shared weights again: on 100
NAS-Bench-201 cells tau within equal size was 0.30 after a fall to 0 in 100 steps, 0.37 after the first 60 of these."""


class Adaptation:
    """``steps`` steps of SGD with momentum; the rate falls from ``learning_rate`` to :data:`END` of it, evenly.

    ``images`` are training images on the device of the weights; batches of ``batch_size`` are drawn once, with
    replacement between batches, not within one.
    """

    def __init__(self, images: Images, *, steps: int, learning_rate: float, batch_size: int, seed: int) -> None:
        self._learning_rate, self._stream = learning_rate, (seed, "scoring", "adaptation")
        size = min(batch_size, len(images))
        rng = generator(*self._stream)
        rows = (rng.choice(len(images), size=size, replace=False) for _ in range(steps))
        self._batches: list[tuple[Tensor, Tensor]] = [_prepared(images, index) for index in rows]

    def adapted(self, path: nn.Module) -> nn.Module:
        """A copy of ``path`` that has trained alone, in training mode. Its weights may be infinite if it diverged."""
        network = copy.deepcopy(path).train()
        parameters = [p for p in network.parameters() if p.requires_grad]
        optimizer = SGD(parameters, lr=self._learning_rate, momentum=MOMENTUM, foreach=True)
        names: tuple[Name, ...] = self._stream[1:]
        with torch_stream(self._stream[0], *names), torch.enable_grad():
            for step, (x, labels) in enumerate(self._batches):
                for group in optimizer.param_groups:
                    group["lr"] = self._learning_rate * (1 - (1 - END) * step / len(self._batches))
                output = network(x)
                logits = output[0] if isinstance(output, tuple) else output
                optimizer.zero_grad()
                F.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(parameters, CLIP_NORM, foreach=True)
                optimizer.step()
        optimizer.zero_grad()
        return network


def _prepared(images: Images, index: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[Tensor, Tensor]:
    x, labels = images.batch(torch.from_numpy(index))
    return x.contiguous(memory_format=torch.channels_last), labels
