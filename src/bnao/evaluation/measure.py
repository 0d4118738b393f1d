"""Loss and accuracy of one module on a set of images."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
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
    correct_N: Tensor = field(compare=False, repr=False)  # (num,) bool on the CPU: which images were right

    @property
    def standard_error(self) -> float:
        """Binomial standard error of the accuracy."""
        return sqrt(self.accuracy * (1.0 - self.accuracy) / self.num)


def equal_batches(num: int, batch_size: int) -> list[slice]:
    """As few slices as possible of at most ``batch_size``, their lengths differing by at most 1.

    So no small last batch distorts batch statistics. None has length 1 where ``num`` and ``batch_size`` are 2 or more
    (one image has no variance): an odd ``num`` in batches of 2 gets one batch of 3, the only case in which a length
    exceeds ``batch_size``.

    >>> equal_batches(10, 4)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
    >>> equal_batches(5, 2)
    [slice(0, 2, None), slice(2, 5, None)]
    """
    count = -(-num // batch_size)
    if batch_size >= 2:
        count = min(count, max(1, num // 2))
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
    loss, correct = 0.0, []
    with torch.no_grad():
        for x, labels in batches:
            logits = module(x)
            loss += float(F.cross_entropy(logits.float(), labels, reduction="sum"))
            correct.append((logits.argmax(1) == labels).cpu())
    right_N = torch.cat(correct)
    return Measurement(loss / len(right_N), int(right_N.sum()) / len(right_N), len(right_N), right_N)


def paired_standard_error(a: Measurement, b: Measurement) -> float:
    """Standard error of the difference of two accuracies on the *same* images, from the images where they disagree.

    With shares p = right in a alone and q = right in b alone: sqrt((p + q - (p - q)^2) / num).
    """
    p = float((a.correct_N & ~b.correct_N).float().mean())
    q = float((~a.correct_N & b.correct_N).float().mean())
    return sqrt(max(0.0, p + q - (p - q) ** 2) / a.num)
