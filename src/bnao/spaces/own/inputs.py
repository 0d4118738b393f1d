"""The example inputs that a network of the user's own is run on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from bnao.call import tensors_of as tensors_of
from bnao.errors import SettingError, require

if TYPE_CHECKING:
    from bnao.call import Inputs


def checked_inputs(inputs: Inputs) -> Inputs:
    """``inputs`` as they are. Raises SettingError unless they are tensors whose first dimension counts examples."""
    tensors = tensors_of(inputs)
    require(len(tensors) >= 1, "example inputs are one tensor or more", inputs, "give a batch of real inputs")
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise SettingError(
                "example inputs are a tensor, a tuple or list of tensors, or a dict of them; received "
                f"{type(tensor).__name__}: convert it with torch.as_tensor"
            )
        require(
            tensor.dim() >= 1 and len(tensor) >= 1,
            "the first dimension of example inputs counts examples, one or more",
            tuple(tensor.shape),
            "add it with tensor[None]",
        )
    lengths = [len(tensor) for tensor in tensors]
    require(len(set(lengths)) == 1, "example inputs have equally many examples", lengths, "give as many of each")
    return inputs


def mapped(inputs: Inputs, change: Callable[[Tensor], Tensor]) -> Inputs:
    """Inputs of the same form whose tensors are changed."""
    if isinstance(inputs, Mapping):
        return {name: change(tensor) for name, tensor in inputs.items()}
    if isinstance(inputs, (tuple, list)):
        return tuple(change(tensor) for tensor in inputs)
    assert isinstance(inputs, Tensor), "checked before"
    return change(inputs)


def first_example(inputs: Inputs) -> Inputs:
    """A batch of the first example, in contiguous memory."""
    return mapped(inputs, lambda tensor: tensor[:1].detach().contiguous())
