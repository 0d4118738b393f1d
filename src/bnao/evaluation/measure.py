"""Loss and accuracy of one module on a set of images."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bnao.data.images import Images


@dataclass(frozen=True)
class Measurement:
    """``loss`` in nats (mean), ``accuracy`` in [0, 1], over ``num`` images."""

    loss: float
    accuracy: float
    num: int

    @property
    def standard_error(self) -> float:
        """Binomial standard error of the accuracy."""
        return sqrt(self.accuracy * (1.0 - self.accuracy) / self.num)


def equal_batches(num: int, batch_size: int) -> list[slice]:
    """Slices of nearly equal length, at most ``batch_size``: no small last batch distorts batch statistics.

    >>> equal_batches(10, 4)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
    """
    count = -(-num // batch_size)
    bounds = [num * k // count for k in range(count + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(bounds)]


def measure(module: nn.Module, images: Images, batch_size: int = 500) -> Measurement:
    """Run ``module`` as it is (call it in eval mode) on all ``images``, without gradients."""
    return measure_batches(module, prepared_batches(images, batch_size))


def prepared_batches(images: Images, batch_size: int) -> list[tuple[Tensor, Tensor]]:
    """Normalised batches on the images' device, in order, to be used for many modules."""
    batches = (images.batch(piece) for piece in equal_batches(len(images), batch_size))
    return [(x.contiguous(memory_format=torch.channels_last), y) for x, y in batches]


def measure_batches(module: nn.Module, batches: list[tuple[Tensor, Tensor]]) -> Measurement:
    """As :func:`measure`, on prepared batches."""
    loss = correct = 0.0
    num = 0
    with torch.no_grad():
        for x, labels in batches:
            logits = module(x)
            loss += float(F.cross_entropy(logits.float(), labels, reduction="sum"))
            correct += int((logits.argmax(1) == labels).sum())
            num += len(labels)
    return Measurement(loss / num, correct / num, num)
