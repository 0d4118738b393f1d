"""One flat message for many tensors: what travels is contiguous, what is read are views with the tensors' own strides.

Shapes: n numbers of one dtype.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bnao.distributed.group import Group


class Layout:
    """Where each of some tensors, and ``extra`` float32 numbers after them, lie in a message.

    There is one flat tensor for each dtype among them: one in all where the tensors are float32. A view has the strides
    of its tensor (channels-last stays so), so an optimiser reads it as fast as a gradient of autograd's.
    """

    def __init__(self, tensors: Sequence[Tensor], extra: int) -> None:
        self._device = tensors[0].device if tensors else torch.device("cpu")
        self._lengths: dict[torch.dtype, int] = {torch.float32: 0}
        self._places = []
        for tensor in tensors:
            start = self._lengths.setdefault(tensor.dtype, 0)
            self._places.append((tensor.dtype, start, tuple(tensor.shape), _dense_stride(tensor)))
            self._lengths[tensor.dtype] = start + tensor.numel()
        self._extra = self._lengths[torch.float32]
        self._lengths[torch.float32] += extra

    def empty(self) -> Message:
        """A message whose numbers are not set yet."""
        flats = {
            dtype: torch.empty(length, dtype=dtype, device=self._device) for dtype, length in self._lengths.items()
        }
        views = [flats[dtype].as_strided(shape, stride, start) for dtype, start, shape, stride in self._places]
        return Message(list(flats.values()), views, flats[torch.float32][self._extra :])


class Message:
    """``flats`` (n,) are what travels; ``views`` of them have the shapes and strides of the tensors; ``extra``."""

    def __init__(self, flats: list[Tensor], views: list[Tensor], extra: Tensor) -> None:
        self.flats, self.views, self.extra = flats, views, extra

    def add(self, other: Message) -> None:
        """Plus another message of the same layout."""
        for own, more in zip(self.flats, other.flats, strict=True):
            own += more

    def sum_over(self, group: Group) -> None:
        """The sum over all processes, in each of them."""
        for flat in self.flats:
            group.sum(flat)


class PairwiseSum:
    """Adds messages in pairs, pairs of pairs, ...: the same order wherever an aligned part of them was added before."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, Message]] = []

    def add(self, message: Message) -> None:
        """One more; it must not be used any more."""
        level = 0
        while self._kept and self._kept[-1][0] == level:
            _, left = self._kept.pop()
            left.add(message)
            message, level = left, level + 1
        self._kept.append((level, message))

    def total(self) -> Message:
        """The sum of all."""
        _, total = self._kept.pop()
        while self._kept:
            _, left = self._kept.pop()
            left.add(total)
            total = left
        return total


def _dense_stride(tensor: Tensor) -> tuple[int, ...]:
    if tensor.is_contiguous():
        return tensor.stride()
    if tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        return tensor.stride()
    return torch.empty(tensor.shape, device="meta").stride()
