"""One update from a batch in parts, on one process or several: the same sums in the same order, so the same weights.

Each part runs its forward and backward passes from the same state, batch norm normalising over the part, and its loss
counts by the part's share of the batch. What parts make of it travels in one flat message: the gradients of the
*active* parameters alone, running statistics, losses. Gradients are summed. Running statistics become the mean, by
share, of what each part made of those at the start of the step; what no part touched stays as it is. Whole-number
buffers become the first part's. A metric is the mean over the parts that define it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bnao.distributed import Group, Shards
from bnao.distributed.agreement import Agreement
from bnao.distributed.message import Layout, Message, PairwiseSum
from bnao.errors import NumericalError, RunError, UnusableData
from bnao.supernet import Path

Run = Callable[[int, float], tuple[list[float], float]]
"""(number of a part, its share of the batch) to the losses and the metric on it, its gradients left in ``grad``."""


@dataclass(frozen=True)
class Step:
    """The step that is made: its number, its paths, and their architectures in words."""

    number: int
    paths: Sequence[Path]
    words: str


class ShardedStep:
    """Gradients, running statistics and losses of a batch in the parts of ``shards``; one for each training."""

    def __init__(self, root: nn.Module, shards: Shards, batch_size: int) -> None:
        self._shards, self._batch_size = shards, batch_size
        self._agreement = Agreement(root, shards.group)

    def run(self, step: Step, run: Run) -> tuple[list[float], float]:
        """Leave the whole batch's gradients in ``grad``; losses in the order of the paths, and the metric.

        Raises NumericalError, in every process, when a loss is not finite; gradients are then None, and running
        statistics those before the step.
        """
        paths, group = step.paths, self._shards.group
        active = list(dict.fromkeys(p for path in paths for p in path.parameters))
        self._agreement.check(step.number, step.words, active)
        trained = [p for p in active if p.requires_grad]
        running = list(dict.fromkeys(b for path in paths for b in path.buffers))
        counts = list(dict.fromkeys(b for path in paths for b in (*path.counters, *path.others)))
        layout, moving = Layout([*trained, *running], extra=len(trained) + len(paths) + 3), Layout(running, extra=0)
        start, counted = _copied(moving, running), [b.clone() for b in counts]
        first, sums, refused = counted, PairwiseSum(), list[NumericalError]()
        for place, number in enumerate(self._shards.mine):
            if place:
                _assign(running, start.views)
                _assign(counts, counted)
            part = self._shards.part(number, self._batch_size)
            share = (part.stop - part.start) / self._batch_size
            try:
                losses, metric = run(number, share)
            except NumericalError as error:
                losses, metric = [math.nan] * len(paths), math.nan
                refused.append(error)
            settle(paths)
            moved = _copied(moving, running)
            _subtract(moved, start, share)
            unusable = bool(refused) and isinstance(refused[-1], UnusableData)
            sums.add(_message(layout, trained, moved, share, losses, metric, unusable))
            if not place:
                first = [b.clone() for b in counts]
        _assign(counts, first)
        total = sums.total()
        if group.size > 1:
            total.sum_over(group)
            _share_first(group, list(dict.fromkeys(b for path in paths for b in path.others)))
        return self._taken(total, paths, trained, running, start, refused)

    def _taken(
        self,
        total: Message,
        paths: Sequence[Path],
        trained: list[nn.Parameter],
        running: list[Tensor],
        start: Message,
        refused: list[NumericalError],
    ) -> tuple[list[float], float]:
        numbers = total.extra.tolist()
        has, losses, (metric, defined, unusable) = numbers[: len(trained)], numbers[len(trained) : -3], numbers[-3:]
        if not all(map(math.isfinite, losses)):
            _assign(running, start.views)
            if refused:  # in a part of this process's own
                raise next((error for error in refused if isinstance(error, UnusableData)), refused[0])
            what = "the training loss must stay finite; in another process it is not"
            if unusable:
                raise UnusableData(f"{what}: its part of this batch holds values that are not finite: mend the data")
            raise NumericalError(f"{what}: lower the learning rate or check the data")
        for parameter, gradient, parts in zip(trained, total.views, has, strict=False):
            parameter.grad = gradient if parts else None
        if running:
            _assign(running, list(torch._foreach_add(start.views, total.views[len(trained) :])))
        return losses, metric / defined if defined else math.nan


def _copied(layout: Layout, tensors: list[Tensor]) -> Message:
    message = layout.empty()
    _assign(message.views, tensors)
    return message


@torch.no_grad()
def _subtract(moved: Message, start: Message, share: float) -> None:
    """``moved`` becomes ``share`` times its difference to ``start``, exactly 0 where both are equal (infinite, too)."""
    for now, before in zip(moved.flats, start.flats, strict=True):
        same = now == before
        now.sub_(before).mul_(share).masked_fill_(same, 0.0)


@torch.no_grad()
def _message(
    layout: Layout,
    trained: list[nn.Parameter],
    moved: Message,
    share: float,
    losses: list[float],
    metric: float,
    unusable: bool,
) -> Message:
    """What a part adds. ``extra``: for each parameter whether it has a gradient; losses; metric and its share; whether
    its data are to blame for a loss that is not finite.
    """
    message = layout.empty()
    views = list(zip(message.views, trained, strict=False))
    _assign([view for view, p in views if p.grad is not None], [p.grad for p in trained if p.grad is not None])
    has = [float(p.grad is not None) for p in trained]
    for view, parameter in views:
        if parameter.grad is None:
            view.zero_()
        parameter.grad = None
    _assign(message.views[len(trained) :], moved.views)
    known = math.isfinite(metric)
    counted = (metric * share, share) if known else (0.0, 0.0)
    figures = [*has, *(loss * share for loss in losses), *counted, float(unusable)]
    message.extra.copy_(torch.tensor(figures))
    return message


@torch.no_grad()
def _assign(tensors: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    if tensors:
        torch._foreach_copy_(list(tensors), list(values))


@torch.no_grad()
def settle(paths: Sequence[Path]) -> None:
    """A buffer that a forward has put in the place of another is written into that one, which all know."""
    for path in paths:
        for table, name, buffer in path.places:
            now = table[name]
            if now is not buffer and now is not None:
                if now.shape != buffer.shape:
                    raise RunError(
                        f"a buffer keeps its shape where batches are run in parts, or weights averaged; {name} was "
                        f"{tuple(buffer.shape)} and became {tuple(now.shape)}: search in one process, without "
                        "gradient_accumulation and average_decay"
                    )
                buffer.copy_(now)
                table[name] = buffer


def _share_first(group: Group, others: Sequence[Tensor]) -> None:
    """Whole-number buffers that may differ between processes (a user's own) become those of rank 0."""
    if not others:
        return
    flat = torch.cat([b.reshape(-1).to(torch.int64) for b in others])
    if group.rank:
        flat.zero_()
    group.sum(flat)
    start = 0
    for buffer in others:
        buffer.copy_(flat[start : start + buffer.numel()].view(buffer.shape))
        start += buffer.numel()
