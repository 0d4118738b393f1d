"""The network of an exported folder, rebuilt by its space: nothing that is read can run code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from bnao.delivery.description import WEIGHTS, Description, read_description
from bnao.delivery.sound import check_weights
from bnao.errors import RunError, SettingError
from bnao.loop.given import OWN
from bnao.loop.workbench import NO_TASK
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, make_space
from bnao.storage import files
from bnao.storage.checkpoints import load_weights


def load_network(folder: str | Path) -> tuple[nn.Module, Description]:
    """The network of the exported ``folder`` in eval mode, and what it is.

    It maps normalised images (B, C, H, W), ``(pixels / 255 - mean) / std``, to logits (B, classes); where the
    description has no ``mean``, what the search was given to what it learned. Raises RunError if
    the folder is none that ``bnao export`` wrote, or a file of it is missing or altered; NumericalError where weights
    are not finite.
    """
    place = Path(folder)
    description = read_description(place)
    path = place / WEIGHTS
    if files.sha256(path)[0] != description.sha256:
        raise RunError(
            f"weights must be those that their description names; the hash of {str(path)!r} differs: restore the "
            "folder, or export again"
        )
    tensors, _ = load_weights(path)
    load_spaces()
    try:
        space = make_space(description.space)
    except SettingError as error:
        raise RunError(
            f"{error}; the network in {str(place)!r} has parts of your own: import the file that registers them first, "
            "or use its model.py, model.pt2 or model.onnx"
        ) from error
    return build_network(description, space, tensors, path), description


def build_network(
    description: Description, space: SearchSpace, tensors: Mapping[str, Tensor], where: object
) -> nn.Module:
    """The described network of ``space`` with these weights, in eval mode; ``where`` they lie is for messages.

    Raises RunError for weights of another network, NumericalError where they are not finite.
    """
    check_weights(tensors, where)
    skeleton = space.skeleton(description.network, description.task or NO_TASK)
    architecture = space.grammar.parse(description.architecture)
    if description.space.name != OWN:  # a description may claim a network of any size: its shapes come first
        with torch.device("meta"):
            _check_shapes(skeleton.build_standalone(architecture).module, tensors, where)
    module = skeleton.build_standalone(architecture).module
    _check_shapes(module, tensors, where)
    module.load_state_dict(dict(tensors))
    return module.eval()


def _check_shapes(module: nn.Module, tensors: Mapping[str, Tensor], where: object) -> None:
    expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise RunError(
            f"weights must be those of the architecture; {str(where)!r} has other names or shapes: restore the folder"
        )
