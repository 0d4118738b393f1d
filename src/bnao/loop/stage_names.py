"""The stages of a search, by name (imports no torch)."""

from __future__ import annotations

from bnao.loop.config import SearchConfig


def stage_names(config: SearchConfig, *, check: bool = False) -> list[str]:
    """All stages of a search, in order; ``check``: with the early check."""
    measured = config.limits.max_latency_ms is not None
    names = ["data", *(["latency"] if measured else []), *(["plan"] if config.max_minutes is not None else [])]
    for number in range(1, config.loop.rounds + 1):
        names += [] if config.supernet.source else [f"supernet-{number}"]
        names += [f"scoring-{number}", *(["check"] if check and number == 1 else []), f"controller-{number}"]
    names[-1:] = ["rerank"]  # there is nothing to propose after the last round
    names += ["random"] if config.rerank.num_random else []
    names += ["latency-whole"] if measured else []
    names += [] if config.final.mode == "rerank" else ["final"]
    return [*names, "measure"]
