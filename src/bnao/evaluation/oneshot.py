"""Scoring with shared weights (METHOD, step 3): the same images in the same batches for every architecture.

The paper's program scored each architecture on a different random batch of 500 images: at 80 % accuracy a standard
error of 1.8 points, more than the differences being ranked. Here all share the full validation split, and the score is
by default its negated loss, which is finer than accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.data.images import SearchData
from bnao.data.stratify import mixed_order, subset
from bnao.evaluation.adaptation import Adaptation
from bnao.evaluation.base import Evaluator, Scores, finite_scores
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.measure import measure_batches, prepared_batches
from bnao.evaluation.views import batch_statistics_view, recalibrated_view
from bnao.rng import generator
from bnao.supernet import Supernet
from bnao.training.averaging import LazyAverage, averaged


class OneShotEvaluator(Evaluator):
    """Scores paths of a supernet on the validation images, in the canonical order of each architecture."""

    def __init__(
        self,
        supernet: Supernet,
        canonical: Callable[[Architecture], Architecture],
        data: SearchData,
        config: ScoringConfig,
        *,
        seed: int,
        average: LazyAverage | None = None,
    ) -> None:
        self._supernet, self._canonical, self._config, self._average = supernet, canonical, config, average
        valid = data.valid
        if config.images is not None and config.images < len(valid):
            index = subset(
                valid.labels_N.cpu().numpy(), config.images, data.task.num_classes, generator(seed, "scoring", "images")
            )
            valid = valid.take(torch.from_numpy(index))
        # Sources may be ordered by class, and batch statistics of one class alone would misjudge every network.
        order = mixed_order(valid.labels_N.cpu().numpy(), generator(seed, "scoring", "order"))
        self._batches = prepared_batches(valid.take(torch.from_numpy(order)), config.batch_size)
        self._adaptation = (
            Adaptation(
                data.train,
                steps=config.adapt_steps,
                learning_rate=config.adapt_learning_rate,
                batch_size=config.adapt_batch_size,
                seed=seed,
            )
            if config.adapt_steps
            else None
        )
        self._calibration = self._calibration_batches(data, seed) if config.statistics == "recalibrated" else []

    def _calibration_batches(self, data: SearchData, seed: int) -> list[Tensor]:
        num = min(len(data.train), self._config.recalibration_batches * self._config.batch_size)
        index = generator(seed, "scoring", "recalibration").choice(len(data.train), size=num, replace=False)
        return [x for x, _ in prepared_batches(data.train.take(torch.from_numpy(index)), self._config.batch_size)]

    def view(self, architecture: Architecture) -> nn.Module:
        """The module that is scored: it shares weights with the supernet and nothing else; adapted, not even these."""
        path = self._supernet.path(self._canonical(architecture))
        if self._adaptation is not None:
            path = self._adaptation.adapted(path)
        if self._config.statistics == "recalibrated":
            return recalibrated_view(path, self._calibration)
        return batch_statistics_view(path)

    def evaluate(
        self,
        architectures: Sequence[Architecture],
        on_done: Callable[[int], None] = lambda done: None,
        measured: MutableMapping[str, tuple[float, float]] | None = None,
    ) -> Scores:
        """Negated loss in nats, or accuracy, of each architecture.

        ``measured`` holds (loss, accuracy) by id: what is there is taken over (of the same weights!), what is not is
        added before ``on_done`` is called, so that the caller can keep it.
        """
        measured = {} if measured is None else measured
        with averaged(self._average):
            for k, architecture in enumerate(architectures):
                if architecture.id not in measured:
                    result = measure_batches(self.view(architecture), self._batches)
                    measured[architecture.id] = (result.loss, result.accuracy)
                on_done(k + 1)
        pairs_P2 = np.array([measured[a.id] for a in architectures], dtype=np.float64).reshape(-1, 2)
        losses, accuracies = pairs_P2[:, 0], pairs_P2[:, 1]
        raw = -losses if self._config.score == "loss" else np.where(np.isfinite(losses), accuracies, np.nan)
        values, bad = finite_scores(raw)
        name = "negated validation loss (nats)" if self._config.score == "loss" else "validation accuracy"
        return Scores(values, accuracies, name, bad)
