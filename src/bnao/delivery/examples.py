"""What a network is called with while it is written, and how: a batch of a tensor, of several, or of named ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from bnao.call import tensors_of
from bnao.data.examples import Examples
from bnao.rng import torch_stream
from bnao.spaces.own.inputs import mapped
from bnao.task import Task

if TYPE_CHECKING:
    from bnao.call import Inputs

BATCH = 4
INPUT = "images"


def example_batch(task: Task | None) -> Tensor:
    """(4, C, H, W): random images, as a network sees normalised ones."""
    assert task is not None, "where inputs are no images, examples of them are given"
    with torch_stream(0, "delivery", "onnx"):
        return torch.cat([torch.randn(size, task.in_channels, *task.image_size) for size in (1, BATCH - 1)])


def some_examples(train: Examples) -> Inputs:
    """The first four inputs of the training data, on the CPU."""
    with torch_stream(0, "delivery", "examples"):
        inputs = train.batch(torch.arange(min(BATCH, len(train))))[0]
    return mapped(inputs, lambda tensor: torch.cat([tensor.detach().cpu()] * BATCH)[:BATCH])


def part(inputs: Inputs, begin: int, end: int) -> Inputs:
    """Some of the examples."""
    return mapped(inputs, lambda tensor: tensor[begin:end])


def arguments(inputs: Inputs) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """The inputs by place, and by name.

    >>> arguments({"x": torch.zeros(1)})
    ((), {'x': tensor([0.])})
    """
    return ((), dict(inputs)) if isinstance(inputs, Mapping) else (tuple(tensors_of(inputs)), {})


def free_batch(inputs: Inputs) -> Any:
    """What torch.export is told: the first dimension of each is the batch, of any size."""
    batch = torch.export.Dim("batch")
    if isinstance(inputs, Mapping):
        return {name: {0: batch} for name in inputs}
    return tuple({0: batch} for _ in tensors_of(inputs))


def input_names(inputs: Inputs) -> list[str]:
    """Their names in an ONNX file: ``images`` (or ``inputs``, where they are not) for one tensor.

    >>> input_names(torch.zeros(1, 3, 4, 4)), input_names(torch.zeros(1, 3)), input_names((torch.zeros(1),) * 2)
    (['images'], ['inputs'], ['inputs_0', 'inputs_1'])
    """
    if isinstance(inputs, Mapping):
        return list(inputs)
    tensors = tensors_of(inputs)
    if len(tensors) == 1:
        return [INPUT if tensors[0].dim() == 4 else "inputs"]
    return [f"inputs_{k}" for k in range(len(tensors))]
