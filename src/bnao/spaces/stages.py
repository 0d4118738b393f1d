"""A network as a chain of stages, so that networks which begin alike can be run once where they do.

A network's stages, run one after the other, are exactly its forward, to the bit. The first takes the network's inputs
as the network does, each later one takes what the stage before gave, as one value. Equal keys in two networks of one
supernet mean the same module with the same weights, so that equal beginnings (by keys) of two chains on equal inputs
give equal values: an output of a stage depends on nothing but its input, its weights and, through the statistics of
batch norms, the batches that went through the chain up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import nn

from bnao.arch import Architecture


@dataclass(frozen=True)
class Stage:
    """A part of the networks of a supernet.

    ``part`` may hold choices, and shares modules with the supernet: the stage of an architecture is the path of the
    architecture through it. ``key`` tells parts and choices apart: stages of equal keys compute the same.
    """

    key: Hashable
    part: nn.Module


StagesOf: TypeAlias = Callable[[Architecture], Sequence[Stage]]
"""The stages of an architecture, one or more. It is asked anew for each scoring and keeps nothing of the weights."""


def whole(root: nn.Module) -> StagesOf:
    """Networks that are not divided: one stage, ``root`` itself.

    >>> from bnao.arch import Architecture
    >>> [stage.key for stage in whole(nn.Identity())(Architecture(tokens=(1, 2), canonical=(1, 2), parts=(2,)))]
    [(1, 2)]
    """
    return lambda architecture: [Stage(architecture.tokens, root)]
