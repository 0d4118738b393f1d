"""What a search found, as plain values: written to ``result.json``, read by ``bnao show`` and the summary.

Accuracies are in [0, 1]; times in seconds; sizes are of the delivered module, without the auxiliary head.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bnao.storage import RunFolder, from_dict

RESULT = "result.json"  # the file of the run's state that holds the SearchResult
SCORE_NAME = "score_name.json"  # the one that says what the scores are


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One architecture trained alone with the re-ranking budget."""

    architecture: str
    id: str
    arm: str  # "searched" or "random"
    score: float | None  # one-shot score (higher is better), None where it was not scored
    valid_accuracy: float
    test_accuracy: float | None  # measured only for each arm's best, after the choice
    num_params: int
    macs: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The delivered network."""

    architecture: str
    id: str
    mode: str  # scratch | inherit | none
    output: str  # concat | project; empty where the space has one form only
    test_accuracy: float
    test_standard_error: float
    measured_on: str  # which data, in words
    num_params: int
    num_params_with_auxiliary: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """Outcome of a whole search. ``gain`` is best-of-k searched minus best-of-k random, held-out, same budget."""

    recipe: str
    seed: int
    space: str
    space_size: str
    data: str
    winner: Winner
    trained: list[Trained] = field(default_factory=list)
    gain: float | None = None
    gain_standard_error: float | None = None
    pool_size: int = 0
    pool_by_round: list[int] = field(default_factory=list)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    stage_figures: dict[str, dict[str, float]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    drawing: str = ""  # the winner as text
    threads: int = 1
    device: str = "cpu"
    versions: dict[str, str] = field(default_factory=dict)


def read_result(run: RunFolder) -> SearchResult:
    """The result of a finished run. Raises RunError if there is none, or it is damaged."""
    return from_dict(SearchResult, run.read_json(RESULT), source=f"{run.path}/{RESULT}")
