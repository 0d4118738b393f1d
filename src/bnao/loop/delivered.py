"""The delivered network of a finished run as a module again (imports no torch until it is called)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bnao.errors import RunError
from bnao.loop.given import OWN
from bnao.loop.winner_file import WINNER, read_delivered
from bnao.storage import RunFolder

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bnao.spaces.base import Skeleton


def load_winner(path: str | Path) -> nn.Module:
    """The delivered network of the finished run in ``path``, in eval mode. Raises RunError."""
    return load_delivered(path, WINNER)


def load_delivered(path: str | Path, name: str) -> nn.Module:
    """The network whose weights are the file ``name`` of the run in ``path``, in eval mode. Raises RunError."""
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space

    load_spaces()
    run = RunFolder.open(path)
    tensors, metadata = run.read_weights(name)
    stored = read_delivered(metadata, run.path / name)
    if stored.task is None or stored.space.name == OWN:
        raise RunError(f"a network of your own model is made with it; {str(path)!r} is read without: use bnao.resume")
    skeleton = make_space(stored.space).skeleton(stored.network, stored.task)
    return loaded(skeleton, stored.architecture, tensors)


def loaded(skeleton: Skeleton, architecture: str, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network of an architecture in its text form, with these weights, in eval mode."""
    module = skeleton.build_standalone(skeleton.grammar.parse(architecture)).module
    module.load_state_dict(tensors)
    return module.eval()
