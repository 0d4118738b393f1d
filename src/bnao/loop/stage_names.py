"""The stages of a search, by name (imports no torch)."""

from __future__ import annotations

from bnao.loop.config import SearchConfig
from bnao.training.config import TrainingConfig

FINALISTS = "finalists"


def rerank_stage(number: int) -> str:
    """The stage that trains the searched networks of round ``number`` of the re-ranking, from 1."""
    return "rerank" if number == 1 else f"rerank-{number}"


def alone_training(config: SearchConfig, stage_name: str) -> TrainingConfig:
    """How networks of this stage are trained alone: finalists longer than all others."""
    return config.rerank.finalist_training if stage_name == FINALISTS else config.rerank.training


def stage_names(config: SearchConfig, *, check: bool = False) -> list[str]:
    """All stages of a search, in order; ``check``: with the early check."""
    measured = config.limits.max_latency_ms is not None
    names = ["data", *(["latency"] if measured else []), *(["plan"] if config.max_minutes is not None else [])]
    for number in range(1, config.loop.rounds + 1):
        names += [] if config.supernet.source else [f"supernet-{number}"]
        names += [f"scoring-{number}", *(["check"] if check and number == 1 else []), f"controller-{number}"]
    names[-1:] = ["rerank"]  # there is nothing to propose after the last round
    for number in range(2, config.rerank.rounds + 1):
        names += [f"choose-{number}", rerank_stage(number)]
    names += ["random"] if config.rerank.num_random else []
    names += ["latency-whole"] if measured else []
    names += [FINALISTS] if config.rerank.finalists else []
    names += [] if config.final.mode == "rerank" else ["final"]
    return [*names, "measure"]
