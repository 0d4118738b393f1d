"""Settings of one-shot scoring (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bnao.errors import require


@dataclass(frozen=True, kw_only=True)
class ScoringConfig:
    """How shared weights score an architecture: same validation images in the same batches for all; nothing changes.

    ``score``: the negated validation ``loss`` (finer; the default); the objective's ``metric`` on validation;
    ``learning``, the negated loss that the copy has on the batches of its adaptation, each before it learns from it,
    from step ``adapt_from`` on (what TSE, arXiv 2006.04492, sums over a whole training); or ``both``, the mean of
    ``learning`` and of the loss of the shared weights before they are adapted. ``statistics``: batch norm uses each
    ``batch``'s own, or running ones ``recalibrated`` on ``recalibration_batches`` training batches. With
    ``adapt_steps`` a copy of the path trains alone first (the same batches for all), and is scored in its place.
    ``cache_mb`` changes the time that it takes, and no score (:mod:`bnao.evaluation.pool`).
    """

    score: Literal["loss", "metric", "learning", "both"] = "loss"
    statistics: Literal["batch", "recalibrated"] = "batch"
    batch_size: int = 500  # validation images a batch
    images: int | None = None  # of the validation split, balanced; None: all of it
    recalibration_batches: int = 4  # training batches for recalibrated statistics
    adapt_steps: int = 0  # > 0: each architecture first trains its own copy of its shared weights for so many steps
    adapt_learning_rate: float = 0.1  # of that training, at its start
    adapt_batch_size: int = 128  # of that training
    cache_mb: int = 512  # memory, in 10^6 bytes, for activations that architectures which begin alike share; 0: none
    adapt_from: int = 0  # first step of that training, counted from 0, that `learning` and `both` look at

    def __post_init__(self) -> None:
        known = ("loss", "metric", "learning", "both")
        require(self.score in known, "score is loss, metric, learning or both", self.score, "choose one")
        require(
            not self.learns or self.adapt_steps > 0,
            f"score = {self.score} needs adapt_steps above 0",
            self.adapt_steps,
            "set adapt_steps, for example to 40",
        )
        require(
            0 <= self.adapt_from < max(1, self.adapt_steps),
            "adapt_from is one of the steps of the adaptation, counted from 0",
            self.adapt_from,
            "use 0 for all of them",
        )
        require(
            self.statistics in ("batch", "recalibrated"),
            "statistics is batch or recalibrated",
            self.statistics,
            "choose one",
        )
        require(self.batch_size >= 2, "batch_size is at least 2 (batch norm)", self.batch_size, "use 500")
        require(self.images is None or self.images >= 2, "images is at least 2", self.images, "leave it out for all")
        require(self.adapt_steps >= 0, "adapt_steps is not negative", self.adapt_steps, "0 means off, 60 is usual")
        require(
            0 < self.adapt_learning_rate < float("inf"),
            "adapt_learning_rate is positive and finite",
            self.adapt_learning_rate,
            "use 0.1",
        )
        require(self.adapt_batch_size >= 2, "adapt_batch_size >= 2 (batch norm)", self.adapt_batch_size, "use 128")
        require(self.cache_mb >= 0, "cache_mb is not negative", self.cache_mb, "0 means off, 512 is usual")
        require(self.recalibration_batches >= 1, "recalibration_batches >= 1", self.recalibration_batches, "use 4")

    @property
    def learns(self) -> bool:
        """Whether the score looks at the adaptation itself."""
        return self.score in ("learning", "both")
