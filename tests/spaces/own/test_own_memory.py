"""A model that runs in contiguous memory alone runs there, wherever it is trained, scored and measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import bnao
from bnao.cost.latency import Setting, measure_networks
from bnao.cost.timing import Timing
from bnao.data.images import Images
from bnao.data.search_data import SearchData
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.measure import broken, measure
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.loop.train.tested import classify
from bnao.spaces.config import NetworkConfig
from bnao.spaces.own import OwnSpace
from bnao.spaces.placing import place
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.training.config import TrainingConfig
from bnao.training.loop import Weights, train
from bnao.training.standalone import OnePath, train_standalone

CPU = torch.device("cpu")
TASK = Task(in_channels=3, image_size=(8, 8), num_classes=4)
X = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class LeNet(nn.Module):
    """Its `view` needs the channels of an image apart."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = bnao.OneOf({"k3": lambda: nn.Conv2d(3, 6, 3, padding=1), "k1": lambda: nn.Conv2d(3, 6, 1)})
        self.head = nn.Linear(6 * 4 * 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.flat(F.max_pool2d(self.conv(x).relu(), 2)))

    def flat(self, x: Tensor) -> Tensor:
        return x.view(-1, 6 * 4 * 4)


class Flattened(LeNet):
    def flat(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class InTraining(LeNet):
    def flat(self, x: Tensor) -> Tensor:
        return x.view(-1, 6 * 4 * 4) if self.training else x.flatten(1)


class OfTwo(LeNet):
    """One example has no order of dimensions to be wrong."""

    def flat(self, x: Tensor) -> Tensor:
        return x.view(len(x) * 6, 4, 4).reshape(len(x), -1)


class Weighed(Flattened):
    """Looks at a kernel."""

    def flat(self, x: Tensor) -> Tensor:
        norms = [p.view(len(p), -1).norm() for p in self.conv.parameters()]
        return x.flatten(1) / (1 + sum(norms))


def _images(num: int) -> Images:
    pixels = torch.randint(0, 256, (num, 3, 8, 8), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    return Images(
        images_NCHW=pixels, labels_N=torch.arange(num) % 4, mean_C=torch.full((3,), 0.5), std_C=torch.full((3,), 0.25)
    )


@pytest.mark.parametrize(
    ("model", "contiguous"),
    [(LeNet, True), (InTraining, True), (OfTwo, True), (Weighed, True), (Flattened, False)],
)
def test_what_does_not_run_channels_last_is_kept_contiguous(model: Any, contiguous: bool) -> None:
    space = OwnSpace(model, X)
    assert space.is_contiguous == contiguous
    skeleton = space.skeleton(NetworkConfig(), TASK)
    network = place(skeleton.build_standalone(space.grammar.nth(0)).module, CPU)
    form = torch.contiguous_format if contiguous else torch.channels_last
    assert network.conv.weight.is_contiguous(memory_format=form)  # type: ignore[union-attr, operator]


def test_examples_may_lie_channels_last() -> None:
    assert OwnSpace(LeNet, X.contiguous(memory_format=torch.channels_last)).is_contiguous


@pytest.mark.parametrize("parts", [1, 2])
def test_it_is_trained_and_scored(parts: int) -> None:
    space = OwnSpace(LeNet, X)
    skeleton, architectures = space.skeleton(NetworkConfig(), TASK), [space.grammar.nth(k) for k in range(2)]
    built = skeleton.build_supernet()
    place(built.module, CPU)
    supernet = Supernet(built)
    config = TrainingConfig(epochs=1, batch_size=8, gradient_accumulation=parts)
    data = SearchData(train=_images(16), valid=_images(12), task=TASK)
    train(Weights.fresh(supernet, config), OnePath(architectures[0]), data.train, config, seed=0, stage="s")
    values = []
    for cache_mb, statistics in ((0, "batch"), (64, "recalibrated")):
        scoring = ScoringConfig(
            batch_size=6, cache_mb=cache_mb, statistics=statistics, score="both", adapt_steps=1, adapt_batch_size=4
        )
        evaluator = OneShotEvaluator(supernet, space.grammar.canonical, data, scoring, seed=0)
        values.append(evaluator.evaluate(architectures).values_P)
    assert np.array_equal(*values), "it has no batch norm"
    alone = train_standalone(skeleton, architectures[1], data.train, config, seed=0, stage="s").module
    assert 0 <= measure(alone, data.valid).metric == classify(alone, data.valid).top1 <= 1
    assert not broken(alone, data.valid)


def test_its_latency_is_measured() -> None:
    space = OwnSpace(LeNet, X)
    seen: list[bool] = []

    def meter(module: nn.Module, inputs: Any) -> Timing:
        module(inputs)
        seen.append(inputs.is_contiguous())
        return Timing(median_ms=1.0, spread_ms=0.0, repeats=1)

    measure_networks(
        space.skeleton(NetworkConfig(), TASK), [space.grammar.nth(0)], Setting(device=CPU, batch=2, meter=meter)
    )
    assert seen and all(seen)
