"""Scoring with shared weights (METHOD, step 3): the same images in the same batches for every architecture.

The paper's program scored each architecture on a different random batch of 500 images: at 80 % accuracy a standard
error of 1.8 points, more than the differences being ranked. Here all share the full validation split, and the score is
by default its negated loss, which is finer than accuracy.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping, Sequence

import numpy as np
import torch
from torch import nn

from bnao.arch import Architecture
from bnao.data.search_data import SearchData
from bnao.data.stratify import groups, mixed_order, subset
from bnao.evaluation.adaptation import Adaptation
from bnao.evaluation.base import Evaluator, Scores, finite_scores
from bnao.evaluation.calibration import calibration_batches
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.measure import figures_of, prepared_batches
from bnao.evaluation.pool import PoolMeasure
from bnao.evaluation.sharing import Sharing, measure_sharing
from bnao.evaluation.views import batch_statistics_view, recalibrated_view
from bnao.rng import generator, torch_stream
from bnao.supernet import Supernet
from bnao.training.averaging import LazyAverage, averaged

_LOSSES = {
    "loss": "validation loss",
    "learning": "training loss while adapting",
    "both": "mean of validation loss and training loss while adapting",
}


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
            labels_N, num_classes = groups(valid.classes(), len(valid))
            index = subset(labels_N, config.images, num_classes, generator(seed, "scoring", "images"))
            valid = valid.take(torch.from_numpy(index))
        # Sources may be ordered by class, and batch statistics of one class alone would misjudge every network.
        order = mixed_order(groups(valid.classes(), len(valid))[0], generator(seed, "scoring", "order"))
        self._objective = data.objective
        with torch_stream(seed, "scoring", "batches"):  # of a dataset with randomness of its own
            self._batches = prepared_batches(supernet.root, valid.take(torch.from_numpy(order)), config.batch_size)
        self._adaptation = (
            Adaptation(
                supernet.root,
                data.train,
                steps=config.adapt_steps,
                learning_rate=config.adapt_learning_rate,
                batch_size=config.adapt_batch_size,
                seed=seed,
                objective=data.objective,
            )
            if config.adapt_steps
            else None
        )
        self._most_bytes = config.cache_mb * 10**6
        recalibrated = config.statistics == "recalibrated"
        self._calibration = calibration_batches(supernet.root, data.train, config, seed) if recalibrated else []

    def view(self, architecture: Architecture) -> nn.Module:
        """The module that is scored: it shares weights with the supernet and nothing else; adapted, not even these."""
        path = self._path(architecture)
        return self._statistics(path if self._adaptation is None else self._adaptation.adapted(path))

    def _path(self, architecture: Architecture) -> nn.Module:
        return self._supernet.path(self._canonical(architecture))

    def _statistics(self, path: nn.Module) -> nn.Module:
        if self._config.statistics == "recalibrated":
            return recalibrated_view(path, self._calibration)
        return batch_statistics_view(path)

    def _measure(self, architecture: Architecture) -> tuple[float, float]:
        """Loss and metric: on the validation images, on the batches of the adaptation, or the mean of both."""
        if self._config.score == "learning":
            return self._learning(architecture)
        both = self._config.score == "both"
        view = self._statistics(self._path(architecture)) if both else self.view(architecture)
        loss, metric = figures_of(view, self._batches, self._objective)
        return self._with_learning(architecture, loss, metric) if both else (loss, metric)

    def _with_learning(self, architecture: Architecture, loss: float, metric: float) -> tuple[float, float]:
        """The means of ``loss`` and ``metric`` of the shared weights and of the adaptation's."""
        learned_loss, learned_metric = self._learning(architecture)
        return (loss + learned_loss) / 2, (metric + learned_metric) / 2

    def _learning(self, architecture: Architecture) -> tuple[float, float]:
        assert self._adaptation is not None, "the settings ask for it"
        _, figures = self._adaptation.learned(self._path(architecture))
        loss, metric = np.mean(figures[self._config.adapt_from :], axis=0)
        return float(loss), float(metric)

    def _measure_all(
        self, architectures: Sequence[Architecture], done: Callable[[Mapping[str, tuple[float, float]]], None]
    ) -> None:
        """``done({id: (loss, metric)})`` of all architectures, some at a time, in an order of its own; ids distinct.

        What architectures have in common is computed once, where they are scored as the shared weights are; each one's
        adaptation is its own.
        """
        learns, adapts = self._config.score in ("learning", "both"), self._adaptation is not None
        pool = None if adapts and self._config.score != "both" else self._pool()
        if pool is None or not pool.shares([self._canonical(a) for a in architectures]):
            for architecture in architectures:
                done({architecture.id: self._measure(architecture)})
            return

        def known(group: Sequence[tuple[Architecture, float, float]]) -> None:
            if not learns:
                done({architecture.id: (loss, metric) for architecture, loss, metric in group})
                return
            for architecture, loss, metric in group:
                done({architecture.id: self._with_learning(architecture, loss, metric)})

        pool.measure([self._canonical(a) for a in architectures], known)

    def _pool(self) -> PoolMeasure:
        return PoolMeasure(
            self._supernet,
            self._batches,
            self._objective,
            calibration=self._calibration if self._config.statistics == "recalibrated" else None,
            most_bytes=self._most_bytes,
        )

    def sharing(self, architectures: Sequence[Architecture], clock: Callable[[], float] = time.perf_counter) -> Sharing:
        """What is saved by scoring these together, an estimate from a few of them; nothing where each is adapted."""
        forms = list({a.id: self._canonical(a) for a in architectures}.values())
        if self._adaptation is not None or not self._pool().shares(forms):
            return Sharing()
        inputs, _ = self._batches[0]
        return measure_sharing(self._supernet, forms, inputs, self._most_bytes, clock)

    def evaluate(
        self,
        architectures: Sequence[Architecture],
        on_done: Callable[[int], None] = lambda done: None,
        measured: MutableMapping[str, tuple[float, float]] | None = None,
    ) -> Scores:
        """The negated loss, or the metric (negated where lower is better), of each architecture.

        ``measured`` holds (loss, metric) by id: what is there is taken over (of the same weights!), what is not is
        added before ``on_done`` is called, so that the caller can keep it. ``on_done(n)`` counts what is finished,
        in whichever order, from 1 to the last.
        """
        measured = {} if measured is None else measured
        times, finished = Counter(a.id for a in architectures), itertools.count(1)

        def tell(id: str) -> None:
            for _ in range(times[id]):
                on_done(next(finished))

        def done(found: Mapping[str, tuple[float, float]]) -> None:
            measured.update(found)  # all of them, lest telling of the first ends it
            for id in found:
                tell(id)

        missing = {a.id: a for a in architectures if a.id not in measured}
        with averaged(self._average):
            for id in times:
                if id not in missing:
                    tell(id)
            self._measure_all(list(missing.values()), done)
        pairs_P2 = np.array([measured[a.id] for a in architectures], dtype=np.float64).reshape(-1, 2)
        losses_P, metrics_P = pairs_P2[:, 0], pairs_P2[:, 1]
        metric = self._objective.metric
        if self._config.score != "metric":
            of = _LOSSES[self._config.score]
            raw, name = -losses_P, f"negated {of}" + (" (nats)" if self._objective.is_classes else "")
        else:
            raw = np.where(np.isfinite(losses_P), metrics_P if metric.higher_is_better else -metrics_P, np.nan)
            name = f"validation {metric.name}" if metric.higher_is_better else f"negated validation {metric.name}"
        values_P, bad = finite_scores(raw)
        return Scores(values_P, metrics_P, name, bad)
