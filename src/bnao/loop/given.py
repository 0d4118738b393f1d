"""What a caller hands over in Python because no settings can name it: a model, data, functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bnao.cost.costs import Cost
from bnao.data.config import DataConfig
from bnao.data.dataset import DatasetExamples, Prepare, own_examples
from bnao.data.examples import Examples
from bnao.data.held_out import OWN_TEST_SET, HeldOut, divided, load, set_aside
from bnao.data.search_data import SearchData
from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.objective import Metric, Objective, make_objective
from bnao.objective.config import ObjectiveConfig
from bnao.objective.objective import Loss
from bnao.rng import generator
from bnao.task import Task
from bnao.training.optimizer import OptimizerFactory

OWN = "own"
"""What ``space.name`` and ``data.source`` are where a model and data were given in Python."""


def is_given(config: SearchConfig) -> bool:
    """Whether a search needs what no file holds: data, or a model that no plugin makes, given in Python."""
    return config.data.source == OWN or (config.space.name == OWN and not config.plugins)


@dataclass(frozen=True, eq=False, kw_only=True)
class Given:
    """Each may be left out: then the settings say what to take.

    ``build`` makes the user's model with its open choices; ``train``, ``valid``, ``test`` are Datasets or DataLoaders
    (:func:`bnao.data.dataset.own_examples`), whose batches ``prepare`` turns into ``(inputs, targets)``; ``loss`` and
    ``metric`` stand for the name ``own`` in the settings; ``optimizer`` for ``training.optimizer`` everywhere;
    ``latency`` (a :class:`~bnao.cost.costs.LatencyFunction`) for the measured table of ``limits.max_latency_ms``.
    """

    build: Callable[[], nn.Module] | None = None
    train: Any = None
    valid: Any = None
    test: Any = None
    prepare: Prepare | None = None
    loss: Loss | None = None
    metric: Metric | None = None
    optimizer: OptimizerFactory | None = None
    latency: Cost | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return any(getattr(self, field.name) is not None for field in fields(self))

    def objective(self, config: ObjectiveConfig) -> Objective:
        """The loss and the metric of the settings. Raises SettingError where a function is missing."""
        return make_objective(config, self.loss, self.metric)

    def data(self, config: DataConfig, objective: ObjectiveConfig, seed: int) -> tuple[SearchData, HeldOut]:
        """What the search may see, and the held-out data. Raises BnaoError."""
        goal = self.objective(objective)
        if config.source != OWN:
            data, held_out = load(config, seed)
            return replace(data, objective=goal), held_out
        if self.train is None:
            raise SettingError(
                "data.source 'own' are data given in Python, which no file holds: go on from Python with the same "
                "train=, valid= and test=, or begin with images, as --data"
            )
        return self._own(goal, config, seed)

    def _own(self, objective: Objective, config: DataConfig, seed: int) -> tuple[SearchData, HeldOut]:
        train = own_examples(self.train, self.prepare, "train")
        if self.valid is None:
            train, valid = divided(
                train,
                config.valid_fraction,
                generator(seed, "data", "split"),
                "train and validation both have every class",
                "add examples, or give valid=",
            )
        else:
            valid = own_examples(self.valid, self.prepare, "valid")
        task = _task(train, seed) if objective.is_classes else None
        data = SearchData(train=train, valid=valid, task=task, objective=objective)
        if self.test is None:
            return set_aside(data, seed)
        test = own_examples(self.test, self.prepare, "test")
        return data, HeldOut(measured=OWN_TEST_SET, classes=range_of(test), _open=lambda: test)


NOTHING = Given()


def _task(train: DatasetExamples, seed: int) -> Task | None:
    """Where the examples are images of classes: what the built-in spaces need to know of them."""
    classes_N = train.classes()
    inputs = example_inputs(train, seed)
    if classes_N is None or not isinstance(inputs, Tensor) or inputs.dim() != 4:
        return None
    _, channels, height, width = inputs.shape
    return Task(in_channels=channels, image_size=(height, width), num_classes=max(2, int(np.max(classes_N)) + 1))


def range_of(examples: Examples) -> tuple[int, int] | None:
    """The least and the greatest class; None where the classes are not known."""
    classes_N = examples.classes()
    return None if classes_N is None or not len(classes_N) else (int(classes_N.min()), int(classes_N.max()))


def example_inputs(examples: Any, seed: int) -> Any:
    """The inputs of the first example, as a batch of one."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return examples.batch(torch.tensor([0]))[0]
