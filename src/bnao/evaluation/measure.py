"""Loss and metric of one module on a set of examples.

Shapes: N examples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnao.call import call_network, is_broken, tensors_of
from bnao.data.examples import Batch, Examples
from bnao.objective import CLASSIFICATION, Metric, Objective
from bnao.rng import generator
from bnao.spaces.placing import network_inputs

RESAMPLES = 200
"""Bootstrap resamples of the examples, for a metric that is no mean over them."""


@dataclass(frozen=True)
class Measurement:
    """Mean ``loss`` (cross entropy: nats) and the ``metric``'s value over ``num`` examples.

    ``spread``: where the metric is a mean over examples, (num,) their values; else (:data:`RESAMPLES`,) its values on
    resampled examples, the same resamples in every measurement of so many.
    """

    loss: float
    metric: float
    num: int
    is_mean: bool = field(compare=False, repr=False)
    spread: NDArray[np.float64] = field(compare=False, repr=False)

    @property
    def standard_error(self) -> float:
        """Of the metric, over examples (an accuracy's is the binomial one)."""
        return _error(self.spread, self.num if self.is_mean else 1)


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


def measure(
    module: nn.Module, examples: Examples, objective: Objective = CLASSIFICATION, batch_size: int = 500
) -> Measurement:
    """Run ``module`` as it is (call it in eval mode) on all ``examples``, without gradients."""
    return measure_batches(module, batches_in_turn(module, examples, batch_size), objective)


def batches_in_turn(
    network: nn.Module, examples: Examples, batch_size: int, part: tuple[int, int] = (0, 1)
) -> Iterator[Batch]:
    """Batches for ``network`` on the examples' device, in order, one at a time.

    Of ``part`` (k, n) those of its k-th n-th, from 0.
    """
    pieces = equal_batches(len(examples), batch_size)
    number, parts = part
    pieces = pieces[len(pieces) * number // parts : len(pieces) * (number + 1) // parts]
    examples = examples.ahead((piece, 0) for piece in pieces)
    for piece in pieces:
        x, targets = examples.batch(piece)
        yield network_inputs(x, network), targets


def prepared_batches(network: nn.Module, examples: Examples, batch_size: int) -> list[Batch]:
    """All batches on the examples' device, in order, to be used for ``network`` and what is made of its modules."""
    return list(batches_in_turn(network, examples, batch_size))


def measure_batches(module: nn.Module, batches: Iterable[Batch], objective: Objective = CLASSIFICATION) -> Measurement:
    """As :func:`measure`, on prepared batches, or batches that come one at a time."""
    return _outcome(module, batches, objective).measurement()


def broken(module: nn.Module, examples: Examples, batch_size: int = 500) -> bool:
    """Whether ``module`` answers inputs that are all finite with NaN or plus infinity, in one batch or more."""
    with torch.no_grad():
        for x, _ in batches_in_turn(module, examples, batch_size):
            is_finite = all(bool(torch.isfinite(tensor).all()) for tensor in tensors_of(x))
            if is_finite and is_broken(call_network(module, x)):
                return True
    return False


def figures_of(module: nn.Module, batches: Iterable[Batch], objective: Objective) -> tuple[float, float]:
    """Loss and metric alone, as :func:`measure_batches` has them."""
    return _outcome(module, batches, objective).figures()


def _outcome(module: nn.Module, batches: Iterable[Batch], objective: Objective) -> Outcome:
    found = Outcome(objective)
    with torch.no_grad():
        for x, targets in batches:
            found.add(call_network(module, x), targets)
    return found


class Outcome:
    """What one network's outputs on batches come to; the batches are added in turn."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._loss, self._num = 0.0, 0
        self._values: list[Tensor] = []
        self._kept: list[tuple[Tensor, Tensor]] = []

    def add(self, outputs: Tensor, targets: Tensor) -> None:
        """One more batch: what the network made of its inputs, and its targets."""
        outputs, metric = _float(outputs), self._objective.metric
        self._loss += float(self._objective.training_loss(outputs, targets)) * len(targets)
        self._num += len(targets)
        if metric.each is not None:
            self._values.append(metric.each(outputs, targets).double().cpu())
        else:
            self._kept.append((outputs.cpu(), targets.cpu()))

    @property
    def num_bytes(self) -> int:
        """What is kept of the outputs until the end."""
        kept = [*self._values, *(outputs for outputs, _ in self._kept)]
        return sum(tensor.numel() * tensor.element_size() for tensor in kept)

    def figures(self) -> tuple[float, float]:
        """Loss and metric."""
        loss = self._loss / self._num
        if self._objective.metric.each is not None:
            return loss, float(self._spread().mean())
        return loss, self._objective.metric.of(*self._whole())

    def measurement(self) -> Measurement:
        """Loss, metric and the metric's spread."""
        loss, metric = self.figures()
        if self._objective.metric.each is not None:
            return Measurement(loss, metric, self._num, True, self._spread())
        return Measurement(loss, metric, self._num, False, _resampled(self._objective.metric, *self._whole()))

    def _spread(self) -> NDArray[np.float64]:
        return np.asarray(torch.cat(self._values).numpy())

    def _whole(self) -> tuple[Tensor, Tensor]:
        outputs, targets = (torch.cat(parts) for parts in zip(*self._kept, strict=True))
        return outputs, targets


def _float(outputs: Tensor) -> Tensor:
    return outputs.float() if outputs.is_floating_point() else outputs


def _resampled(metric: Metric, outputs: Tensor, targets: Tensor) -> NDArray[np.float64]:
    rng, num = generator(0, "evaluation", "resamples"), len(targets)
    rows = (torch.from_numpy(rng.integers(num, size=num)) for _ in range(RESAMPLES))
    return np.array([metric.of(outputs[row], targets[row]) for row in rows])


def _error(spread: NDArray[np.float64], num: int) -> float:
    known = spread[np.isfinite(spread)]
    return sqrt(float(known.var()) / num) if len(known) else float("nan")


def paired_standard_error(a: Measurement, b: Measurement) -> float:
    """Standard error of the difference of two metrics on the *same* examples, paired by example or by resample.

    Of accuracies, with shares p = right in a alone and q = right in b alone: sqrt((p + q - (p - q)^2) / num).
    """
    return _error(a.spread - b.spread, a.num if a.is_mean else 1)
