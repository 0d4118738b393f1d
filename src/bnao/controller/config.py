"""Settings of the proposers (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bnao.errors import require

_COUNTS = (
    "hidden",
    "embedding",
    "epochs",
    "batch_size",
    "augment",
    "patience",
    "seeds_from_top",
    "max_step",
    "population",
    "tournament",
)


@dataclass(frozen=True, kw_only=True)
class ControllerConfig:
    """How new architectures are proposed.

    The defaults are the paper's sizes (arXiv 1909.10815, section 4.1) with an early stop, half its batch, five times
    its learning rate and three forms of each architecture in place of ten: as accurate on held-out architectures, in
    a fraction of the time (docs/log.md). The paper's own controller is early_stop=False with batch_size=100,
    learning_rate=1e-3, augment=10, held_out_fraction=0, clip_quantile=0 and judge="none": fixed epochs on the whole
    pool.
    """

    proposer: str = "nao"  # nao | random | evolution

    # ---- nao: model and fit ----
    hidden: int = 64  # LSTM units of encoder and decoder
    embedding: int = 32  # numbers a word embeds to
    tradeoff: float = 0.8  # lambda: weight of the predictor's MSE; 1 - lambda is the decoder's NLL
    epochs: int = 1000  # passes over the augmented pool; at most, when stopping early
    batch_size: int = 50  # sequences a step; the paper: 100
    learning_rate: float = 5e-3  # Adam; the paper: 1e-3
    clip_norm: float = 5.0  # greatest L2 norm of the gradient of a step
    augment: int = 3  # symmetric copies of each architecture, itself included (1: none); the paper: 10
    early_stop: bool = True  # keep the weights of the best held-out pairwise accuracy; stop when it grows no more
    patience: int = 10  # epochs without a better held-out pairwise accuracy before the early stop
    held_out_fraction: float = 0.1  # of the pool, by id, never trained on; 0: none (then early_stop must be off)
    clip_quantile: float = 0.05  # scores below this quantile of the pool are raised to it before min-max scaling

    # ---- nao: proposals (judge: a Gaussian process on the pool, the predictor itself, or none: small steps first) ----
    seeds_from_top: int = 100  # the best that the gradient starts from, at most a tenth of the pool (but 10)
    max_step: int = 50  # greatest step size eta; it is raised 1, 2, ... until enough are found
    step_scale: Literal["paper", "normalised"] = "paper"  # eta times the gradient, or eta * 0.05 times its direction
    judge: Literal["process", "predictor", "none"] = "process"  # chooses candidates; process: Gaussian; none: the paper
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: CUDA if there is one

    # ---- evolution ----
    population: int = 100  # the youngest so many of the pool are alive
    tournament: int = 10  # drawn for each child; the best of them is its parent

    def __post_init__(self) -> None:
        require(0.0 <= self.tradeoff <= 1.0, "tradeoff lies in [0, 1]", self.tradeoff, "the paper uses 0.8")
        require(0.0 <= self.clip_quantile < 1.0, "clip_quantile lies in [0, 1)", self.clip_quantile, "use 0.05")
        require(
            0.0 <= self.held_out_fraction <= 0.5,
            "held_out_fraction lies in [0, 0.5]",
            self.held_out_fraction,
            "use 0.1",
        )
        require(
            not self.early_stop or self.held_out_fraction > 0.0,
            "an early stop needs a held-out part",
            self.held_out_fraction,
            "set held_out_fraction = 0.1, or early_stop = false for a fixed number of epochs",
        )
        require(self.learning_rate > 0.0, "learning_rate is positive", self.learning_rate, "the paper uses 0.001")
        require(self.clip_norm > 0.0, "clip_norm is positive", self.clip_norm, "the paper uses 5")
        for name in _COUNTS:
            require(getattr(self, name) >= 1, f"{name} is at least 1", getattr(self, name), "give a positive number")
        for name, known in (
            ("step_scale", ("paper", "normalised")),
            ("judge", ("process", "predictor", "none")),
            ("device", ("auto", "cpu", "cuda")),
        ):
            require(
                getattr(self, name) in known, f"{name} is one of {', '.join(known)}", getattr(self, name), "choose one"
            )
