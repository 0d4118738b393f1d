"""What a training came to, as plain values: written to ``result.json``.

Accuracies in [0, 1], times in seconds; sizes are of the delivered module, without the auxiliary head.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from bnao.loop.ranges import Ranges
from bnao.storage import RunFolder, from_dict

RESULT = "result.json"
NETWORK = "network.safetensors"  # the trained weights, with all that is needed to rebuild the module
TOP = 5  # classes among which the right one counts as found, for the second figure of ImageNet


@dataclass(frozen=True, kw_only=True)
class EpochFigures:
    """One epoch: means over its training batches, and the test images' figures where they were measured."""

    epoch: int
    train_loss: float
    train_accuracy: float
    learning_rate: float
    test_loss: float | None = None
    test_accuracy: float | None = None
    test_top5: float | None = None  # None also where there are 5 classes or fewer


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """``test_*`` are of the network after the last epoch: the training makes no choice on the test images.

    ``measured_on`` says which these are, and where some of them helped a search to choose the architecture.

    ``best_epoch`` and ``best_accuracy``: the epoch that the test images like best, chosen on them and hence too good.
    """

    recipe: str
    seed: int
    architecture: str
    id: str
    origin: str  # where the architecture comes from, in words
    space: str
    output: str  # concat | project; empty where the space has one form only
    data: str
    num_train: int
    num_test: int
    measured_on: str
    test_loss: float
    test_accuracy: float
    test_top5: float | None
    best_epoch: int
    best_accuracy: float
    num_params: int
    num_params_with_auxiliary: int
    macs: int
    cells_per_stage: int
    channels: int
    average_decay: float = 0.0  # > 0: the delivered weights, and all test figures, are averages
    width: str = ""  # how the width was chosen, where max_macs did
    epochs: list[EpochFigures] = field(default_factory=list)
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    drawing: str = ""
    threads: int = 1  # of each process
    processes: int = 1
    parts: int = 1  # of a batch, for each of gradient_accumulation
    device: str = "cpu"
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def test_error(self) -> float:
        """Share of the test images that the network gets wrong, after the last epoch."""
        return 1.0 - self.test_accuracy

    @property
    def standard_error(self) -> float:
        """Of the test accuracy, by the chance of the test images alone; other seeds differ by more."""
        return sqrt(self.test_accuracy * (1 - self.test_accuracy) / self.num_test)


def read_training(run: RunFolder) -> TrainingResult:
    """The result of a finished training. Raises RunError if there is none, or it is damaged."""
    return training_from(run.read_json(RESULT), f"{run.path}/{RESULT}")


def training_from(plain: Any, source: str) -> TrainingResult:
    """The result that ``plain`` values of the file ``source`` are. Raises RunError for what no training comes to."""
    result, ranges = from_dict(TrainingResult, plain, source=source), Ranges(source)
    ranges.counts([("num_train", result.num_train), ("num_test", result.num_test)], least=1)
    ranges.counts(
        (name, getattr(result, name)) for name in ("num_params", "num_params_with_auxiliary", "macs", "best_epoch")
    )
    ranges.shares((name, getattr(result, name)) for name in ("test_accuracy", "test_top5", "best_accuracy"))
    for row in result.epochs:
        _check_row(row, source)
    return result


def _check_row(row: EpochFigures, source: str) -> None:
    ranges = Ranges(f"{source}, epoch {row.epoch},")
    ranges.counts([("epoch", row.epoch)])
    ranges.shares([("test_accuracy", row.test_accuracy), ("test_top5", row.test_top5)])


def epochs_so_far(run: RunFolder) -> list[EpochFigures]:
    """Those that the log has heard of, finished or not; of an epoch that was trained twice the last word."""
    known = EpochFigures.__dataclass_fields__
    found: dict[int, EpochFigures] = {}
    for event in run.events():
        if event["event"] == "tested" and isinstance(event.get("epoch"), int):
            values = {name: value for name, value in event.items() if name in known}
            found[event["epoch"]] = from_dict(EpochFigures, values, source=str(run.events_path))
            _check_row(found[event["epoch"]], str(run.events_path))
    return [found[number] for number in sorted(found)]
