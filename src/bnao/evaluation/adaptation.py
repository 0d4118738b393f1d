"""Scoring after a short training of each architecture's own copy of the shared weights.

Shared weights are a compromise between all architectures, and what an architecture loses by it has little to do with
its worth. Some dozens of steps on its own give much of that back. All architectures see the same training batches in
the same order, and the supernet stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import SGD

from bnao.call import call_network, split_outputs
from bnao.data.examples import Batch, Examples
from bnao.objective import CLASSIFICATION, Objective
from bnao.rng import Name, generator, torch_stream
from bnao.spaces.frozen import train_mode
from bnao.spaces.placing import network_inputs
from bnao.spaces.progress import DropPath

MOMENTUM, CLIP_NORM = 0.9, 5.0
END = 0.4
"""Share of the learning rate at which the adaptation ends. At 0 the copies settle near the shared weights again: on 100
NAS-Bench-201 cells tau within equal size was 0.30 after a fall to 0 in 100 steps, 0.37 after the first 60 of these."""


class Adaptation:
    """``steps`` steps of SGD with momentum; the rate falls from ``learning_rate`` to :data:`END` of it, evenly.

    ``network`` is the supernet, ``images`` are training images on the device of its weights; batches of
    ``batch_size`` are drawn once, with replacement between batches, not within one.
    """

    def __init__(
        self,
        network: nn.Module,
        images: Examples,
        *,
        steps: int,
        learning_rate: float,
        batch_size: int,
        seed: int,
        objective: Objective = CLASSIFICATION,
    ) -> None:
        self._device = images.device
        self._learning_rate, self._stream, self._objective = learning_rate, (seed, "scoring", "adaptation"), objective
        size = min(batch_size, len(images))
        rng = generator(*self._stream)
        rows = (rng.choice(len(images), size=size, replace=False) for _ in range(steps))
        with torch_stream(*self._stream, "batches"):
            batches = [images.batch(torch.from_numpy(index)) for index in rows]
        self._batches: list[Batch] = [(network_inputs(x, network), targets) for x, targets in batches]

    def adapted(self, path: nn.Module) -> nn.Module:
        """A copy of ``path`` that has trained alone, in training mode. Its weights may be infinite if it diverged."""
        return self._trained(path, lambda loss, outputs, targets: None)

    def learned(self, path: nn.Module) -> tuple[nn.Module, list[tuple[float, float]]]:
        """The same copy, and the (loss, metric) that it had on each step's batch before it learned from it."""
        figures: list[tuple[float, float]] = []

        def heard(loss: Tensor, outputs: Tensor, targets: Tensor) -> None:
            figures.append((float(loss.detach()), self._objective.metric.of(outputs.detach(), targets)))

        return self._trained(path, heard), figures

    def _trained(self, path: nn.Module, heard: Callable[[Tensor, Tensor, Tensor], None]) -> nn.Module:
        """The copy; ``heard(loss, outputs, targets)`` before each update.

        Drop-path is as strong as at the end of a training, whichever process has made that.
        """
        network = train_mode(copy.deepcopy(path))
        for part in network.modules():
            if isinstance(part, DropPath):
                part.progress.value = 1.0
        parameters = [p for p in network.parameters() if p.requires_grad]
        optimizer = SGD(parameters, lr=self._learning_rate, momentum=MOMENTUM, foreach=True)
        names: tuple[Name, ...] = self._stream[1:]
        with torch_stream(self._stream[0], *names, device=self._device), torch.enable_grad():
            for step, (x, targets) in enumerate(self._batches):
                for group in optimizer.param_groups:
                    group["lr"] = self._learning_rate * (1 - (1 - END) * step / len(self._batches))
                outputs, _ = split_outputs(call_network(network, x))
                optimizer.zero_grad()
                loss = self._objective.training_loss(outputs, targets)
                heard(loss, outputs, targets)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(parameters, CLIP_NORM, foreach=True)
                optimizer.step()
        optimizer.zero_grad()
        return network
