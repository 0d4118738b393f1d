"""Test figures along a training, kept with its saves.

Shapes: B batch, K classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bnao.call import call_network
from bnao.data.examples import Examples
from bnao.distributed import Group
from bnao.errors import BnaoError
from bnao.evaluation.measure import batches_in_turn
from bnao.loop.train.result import TOP, EpochFigures
from bnao.objective.metrics import decided
from bnao.storage import from_dict, to_plain
from bnao.training.loop import Epoch, Saves

BATCH = 500


@dataclass(frozen=True)
class TestFigures:
    """Mean loss (nats), and the shares of images whose class is the likeliest, and among the 5 likeliest.

    An image whose logits name no class (NaN, infinity) counts as wrong; the loss is then not finite.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    loss: float
    top1: float
    top5: float | None


def classify(module: nn.Module, images: Examples, batch_size: int = BATCH) -> TestFigures:
    """Run ``module`` as it is (call it in eval mode) on all ``images``, without gradients."""
    return _figures(_measured(module, images, batch_size, (0, 1)))


def classify_together(group: Group, module: nn.Module, images: Examples) -> TestFigures | None:
    """:func:`classify` by all processes of ``group``, each its part: to the bit what one of them would find.

    All make the same call, with the same weights; rank 0 gets the figures, the others None. Raises in rank 0 what kept
    any of them from measuring.
    """
    own: list[_Batch] | BnaoError
    try:
        own = _measured(module, images, BATCH, (group.rank, group.size))
    except BnaoError as error:
        own = error
    found: list[_Batch] = []
    for part in group.gather(own):
        if isinstance(part, BnaoError):
            raise part
        found += part
    return _figures(found) if group.rank == 0 else None


@dataclass(frozen=True)
class _Batch:
    """Sum of the losses, numbers of images found first and among the 5 likeliest, of images, of classes."""

    loss: float
    first: int
    among: int
    num: int
    classes: int


def _measured(module: nn.Module, images: Examples, batch_size: int, part: tuple[int, int]) -> list[_Batch]:
    found = []
    with torch.no_grad():
        for x, labels_B in batches_in_turn(module, images, batch_size, part):
            logits_BK: Tensor = call_network(module, x).float()
            classes = logits_BK.shape[1]
            known_B = decided(logits_BK)
            right_BT = (logits_BK.topk(min(TOP, classes), dim=1).indices == labels_B[:, None]) & known_B[:, None]
            found.append(
                _Batch(
                    loss=float(F.cross_entropy(logits_BK, labels_B, reduction="sum")),
                    first=int(((logits_BK.argmax(1) == labels_B) & known_B).sum()),
                    among=int(right_BT.any(1).sum()),
                    num=len(labels_B),
                    classes=classes,
                )
            )
    return found


def _figures(batches: list[_Batch]) -> TestFigures:
    loss = 0.0
    for batch in batches:  # in the order of the images, whoever measured them
        loss += batch.loss
    num = sum(batch.num for batch in batches)
    first, among = sum(batch.first for batch in batches), sum(batch.among for batch in batches)
    return TestFigures(loss / num, first / num, among / num if batches[0].classes > TOP else None)


class Tested:
    """The figures of each epoch so far. They are part of what ``saves`` keeps of the running training."""

    def __init__(self, saves: Saves) -> None:
        self._saves = saves
        self.epochs: list[EpochFigures] = []

    def add(self, epoch: Epoch, figures: TestFigures | None) -> EpochFigures:
        """One more epoch, measured or not."""
        made = EpochFigures(
            epoch=epoch.epoch,
            train_loss=epoch.loss,
            train_accuracy=epoch.metric,
            learning_rate=epoch.learning_rate,
        )
        if figures is not None:
            made = replace(made, test_loss=figures.loss, test_accuracy=figures.top1, test_top5=figures.top5)
        self.epochs.append(made)
        return made

    @property
    def first_unsound(self) -> EpochFigures | None:
        """The first epoch whose test loss is not finite."""
        return next((e for e in self.epochs if e.test_loss is not None and not math.isfinite(e.test_loss)), None)

    def load(self) -> Mapping[str, Any] | None:
        """The training to go on with; the figures up to there are taken over."""
        state = self._saves.load()
        if state is None:
            return None
        self.epochs = [from_dict(EpochFigures, plain, source="the saved training") for plain in state["epochs"]]
        training: Mapping[str, Any] = state["training"]
        return training

    def due(self) -> bool:
        """Whether to save now."""
        return self._saves.due()

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep both."""
        self._saves.save({"training": dict(state), "epochs": to_plain(self.epochs)})
