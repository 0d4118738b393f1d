"""The whole configuration of a search: one tree of the settings that each package owns (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from bnao.controller.config import ControllerConfig
from bnao.cost.limits import Limits
from bnao.data.config import DataConfig
from bnao.errors import require, require_seed
from bnao.evaluation.config import ScoringConfig
from bnao.objective.config import ObjectiveConfig
from bnao.sampling.config import SamplingConfig
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.training.config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class SupernetConfig:
    """The supernet's skeleton and its training in each round (network.output is always ``project``)."""

    share_sides: bool = False  # symmetric inputs of a node share weights: half as many, each trained twice as often
    source: str | None = None  # take the trained supernet of this finished run and train none (`bnao pick`)
    network: NetworkConfig = field(default_factory=lambda: NetworkConfig(output="project", drop_path_keep=0.9))
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        require(
            self.network.output == "project",
            "a supernet cannot let the width vary, so its cells' output is project",
            self.network.output,
            "set supernet.network.output to project",
        )
        require(not self.network.auxiliary, "a supernet has no auxiliary head", True, "set it in rerank or final")


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """Rounds of the search. The paper: 1000 architectures, 4 supernet trainings, 300 new architectures between them."""

    pool: int = 1000  # architectures of the first round
    rounds: int = 4  # supernet trainings; proposals come between them
    proposals: int = 300  # new architectures after each round but the last
    known: str | None = None  # CSV file, pool or run folder: architectures, with scores or without, that come first

    def __post_init__(self) -> None:
        require(
            2 <= self.pool <= 10_000_000, "pool is from 2 to 10,000,000 architectures", self.pool, "the paper uses 1000"
        )
        require(1 <= self.rounds <= 10_000, "rounds is from 1 to 10,000", self.rounds, "the paper uses 4")
        require(
            self.rounds == 1 or self.proposals >= 1, "proposals is at least 1", self.proposals, "the paper uses 300"
        )


@dataclass(frozen=True, kw_only=True)
class CheckConfig:
    """Early check of the ranking after round 1: a few of the pool trained alone with the re-ranking's settings."""

    when: Literal["auto", "always", "never"] = "auto"  # auto: where it costs at most a tenth of the rest of the search
    architectures: int = 10  # of the pool, drawn by the seed; ten tell a worthless ranking, not a good one

    def __post_init__(self) -> None:
        require(self.when in ("auto", "always", "never"), "when is auto, always or never", self.when, "choose one")
        require(self.architectures >= 5, "architectures is at least 5", self.architectures, "10 is usual")


@dataclass(frozen=True, kw_only=True)
class RerankConfig:
    """Stand-alone training of the best by score and of as many random architectures, with one budget for all.

    The paper trains the top 5 of the pool. With ``rounds`` above 1 the networks that are trained already say, together
    with the scores, which ones come next; with ``finalists`` the best few are trained longer before one is chosen.
    """

    top: int = 5  # best architectures of the whole pool, trained alone and measured on validation
    rounds: int = 1  # so often ``top`` are trained: from the second round on, what is trained chooses with the scores
    size_weight: float = 0.0  # what is trained goes by score plus so much of the size, both as normal scores
    random: int | None = None  # random ones with the same budget; None: as many as the searched ones, ``top * rounds``
    finalists: int = 0  # of the searched ones, trained again for longer; the winner is then the best of them
    finalist_factor: float = 4.0  # their epochs by those of ``training``
    network: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(auxiliary=True, dropout_keep=0.6, drop_path_keep=0.8)
    )
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(epochs=10))

    def __post_init__(self) -> None:
        require(self.top >= 1, "top is at least 1", self.top, "the paper uses 5")
        require(
            0.0 <= self.size_weight <= 1000.0,
            "size_weight is from 0 to 1000",
            self.size_weight,
            "0 is the paper's, 1 counts score and size alike",
        )
        require(1 <= self.rounds <= 1000, "rounds is from 1 to 1000", self.rounds, "the paper has 1")
        require(
            0 <= self.finalists <= self.num_searched,
            f"finalists is from 0 to the number of searched networks, {self.num_searched}",
            self.finalists,
            "0 takes the best of the re-ranking as the winner",
        )
        require(
            1.0 < self.finalist_factor <= 1e6, "finalist_factor is above 1", self.finalist_factor, "4 is four times"
        )
        require(
            self.random is None or self.random >= 0, "random is not negative", self.random, "0 skips the comparison"
        )

    @property
    def num_searched(self) -> int:
        """How many architectures of the search are trained alone, over all rounds."""
        return self.top * self.rounds

    @property
    def num_random(self) -> int:
        """How many random architectures get the stand-alone budget."""
        return self.num_searched if self.random is None else self.random

    @property
    def num_trained(self) -> int:
        """Trainings with the stand-alone budget, of both arms."""
        return self.num_searched + self.num_random

    @property
    def finalist_training(self) -> TrainingConfig:
        """The training of the finalists."""
        return replace(self.training, epochs=self.finalist_factor * self.training.epochs)


@dataclass(frozen=True, kw_only=True)
class FinalConfig:
    """Where the winner's weights come from.

    ``retrain``: trained anew on train + validation data. ``fine_tune``: the supernet's weights, trained on with both.
    ``inherit``: the supernet's weights as they are, with running statistics measured on training data. ``rerank``: the
    weights of the re-ranking's training.
    """

    mode: Literal["retrain", "fine_tune", "inherit", "rerank"] = "retrain"  # where the winner's weights come from
    network: NetworkConfig = field(
        default_factory=lambda: NetworkConfig(
            cells_per_stage=6, channels=36, auxiliary=True, dropout_keep=0.6, drop_path_keep=0.8
        )
    )
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(epochs=600, batch_size=128, final_learning_rate=0.0, weight_decay=5e-4)
    )

    def __post_init__(self) -> None:
        require(
            self.mode in ("retrain", "fine_tune", "inherit", "rerank"),
            "mode is retrain, fine_tune, inherit or rerank",
            self.mode,
            "choose one",
        )

    @property
    def trains(self) -> bool:
        """Whether the winner is trained once more."""
        return self.mode in ("retrain", "fine_tune")

    @property
    def from_supernet(self) -> bool:
        """Whether the winner has the supernet's network and weights."""
        return self.mode in ("fine_tune", "inherit")


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Everything that determines a search, with the paper's CIFAR-10 settings as defaults (arXiv 1909.10815)."""

    seed: int = 0  # names every stream of randomness: same seed, same search
    threads: int | None = None  # CPU threads of torch; None: OMP_NUM_THREADS, or as many as the machine has cores
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: cuda where there is one
    plugins: tuple[str, ...] = ()  # Python files that are RUN at the start: name your own; FILE.py:NAME names a model
    max_minutes: float | None = None  # of the whole search: sets epochs, rounds and pool by steps timed at the start
    save_seconds: float = 60.0  # save the running training this often, at 2 % of the time or less; 0: each step
    timeout_minutes: float = 30.0  # a process of several that waits longer for another within a step ends the run
    data: DataConfig = field(default_factory=DataConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    space: SpaceConfig = field(default_factory=SpaceConfig)
    limits: Limits = field(default_factory=Limits)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    supernet: SupernetConfig = field(default_factory=SupernetConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    controller: ControllerConfig = field(default_factory=ControllerConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    check: CheckConfig = field(default_factory=CheckConfig)
    rerank: RerankConfig = field(default_factory=RerankConfig)
    final: FinalConfig = field(default_factory=FinalConfig)

    def __post_init__(self) -> None:
        require_seed(self.seed)
        require(self.threads is None or self.threads >= 1, "threads is at least 1", self.threads, "leave it out")
        require(
            self.supernet.source is None or self.loop.known is None,
            "a run starts from supernet.source or from loop.known, not from both",
            self.loop.known,
            "leave one of them out",
        )
        require(
            self.rerank.top <= self.loop.pool,
            f"rerank.top is at most the pool's size, {self.loop.pool}",
            self.rerank.top,
            "lower rerank.top or raise loop.pool",
        )
        require(
            self.check.when != "always" or self.check.architectures <= self.loop.pool,
            f"check.architectures is at most the pool's size, {self.loop.pool}",
            self.check.architectures,
            "lower it, or set check.when to never",
        )
        require(
            self.max_minutes is None or 0 < self.max_minutes < float("inf"),
            "max_minutes is positive",
            self.max_minutes,
            "leave it out for no limit, or ask `bnao plan` what the settings take",
        )
        require(self.save_seconds >= 0, "save_seconds is not negative", self.save_seconds, "60 saves once a minute")
        require(
            0 < self.timeout_minutes < 1e6, "timeout_minutes is positive", self.timeout_minutes, "30 suits most steps"
        )
        require(self.device in ("auto", "cpu", "cuda"), "device is auto, cpu or cuda", self.device, "choose one")
