"""The delivered network of a finished run as a module again (imports no torch until it is called)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bnao.errors import RunError
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage import RunFolder, from_dict
from bnao.task import Task

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bnao.spaces.base import Skeleton

T = TypeVar("T")


def load_winner(path: str | Path) -> nn.Module:
    """The delivered network of the finished run in ``path``, in eval mode. Raises RunError."""
    return load_delivered(path, "winner.safetensors")


def load_delivered(path: str | Path, name: str) -> nn.Module:
    """The network whose weights are the file ``name`` of the run in ``path``, in eval mode. Raises RunError."""
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space

    load_spaces()
    tensors, metadata = RunFolder.open(path).read_weights(name)
    if json.loads(metadata["space"])["name"] == "own":
        raise RunError(f"a network of your own model is made with it; {str(path)!r} is read without: use bnao.resume")

    def stored(cls: type[T], name: str) -> T:
        return from_dict(cls, json.loads(metadata[name]), source=f"the winner's {name}")

    space = make_space(stored(SpaceConfig, "space"))
    skeleton = space.skeleton(stored(NetworkConfig, "network"), stored(Task, "task"))
    return loaded(skeleton, metadata["architecture"], tensors)


def loaded(skeleton: Skeleton, architecture: str, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network of an architecture in its text form, with these weights, in eval mode."""
    module = skeleton.build_standalone(skeleton.grammar.parse(architecture)).module
    module.load_state_dict(tensors)
    return module.eval()
