"""The search-space seam: a grammar, and one skeleton that builds every network of the space.

Shapes: P architectures, F units (what the vectorised count multiplies), K pieces (modules counted once).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from bnao.arch import Architecture, Grammar
from bnao.registry import Registry
from bnao.spaces.additive import AdditiveSampler
from bnao.spaces.choices import Choice, all_grammar_choices, grammar_choices
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.graph import Graph
from bnao.spaces.progress import Progress
from bnao.spaces.stages import StagesOf
from bnao.task import Task

if TYPE_CHECKING:
    from bnao.call import Inputs


@dataclass(frozen=True)
class Piece:
    """A module that networks of the space are put together from, counted once on the meta device.

    ``build()`` makes it; ``input_shapes`` are (C, H, W) of its inputs for one image. ``chosen`` marks candidate
    operations (what an architecture chooses, as against the skeleton), ``auxiliary`` the auxiliary head.
    """

    build: Callable[[], nn.Module]
    input_shapes: tuple[tuple[int, ...], ...]
    chosen: bool = False
    auxiliary: bool = False


@dataclass(frozen=True)
class CountedPiece:
    """A piece that is counted already: ``num_params`` parameters, ``macs`` multiply-adds for one image."""

    num_params: int
    macs: int
    chosen: bool = False
    auxiliary: bool = False


OperationsOf: TypeAlias = Callable[[nn.Module], Sequence[nn.Module]]
"""The candidate operations in a network, in any order."""


@dataclass(frozen=True)
class Built:
    """A network and the training progress that its drop-path follows.

    ``stages``: how the networks of a supernet divide into chains whose beginnings they share
    (:mod:`bnao.spaces.stages`). Optional: None says that each is one stage, and nothing is shared when it is scored.

    ``operations``: the candidate operations in a path of the supernet, or in the stand-alone network, that a training
    may compile. Optional: None says that ``compile = operations`` is refused. They hold no drop-path, whose strength is
    another in each step.
    """

    module: nn.Module
    progress: Progress
    stages: StagesOf | None = None
    operations: OperationsOf | None = None


class Catalogue(ABC):
    """What the networks of a skeleton consist of: units that a vectorised count multiplies, made of pieces."""

    pieces: tuple[Piece | CountedPiece, ...]
    """The K pieces."""
    unit_pieces: NDArray[np.int64]
    """(F, K): how often each unit contains each piece."""

    def whole_macs(self) -> Callable[[Sequence[Architecture]], NDArray[np.int64]] | None:
        """(P,) multiply-adds counted network by network, where they are no sum over units.

        Optional: None (the default) says that the pieces' multiply-adds add up. Where they do not, they have no proven
        bound and no additive sampler.
        """
        return None

    def timed_macs(self) -> NDArray[np.int64] | None:
        """(T,) multiply-adds of the parts that latencies are told by, where pieces cannot be measured one by one.

        Optional: None (the default) says that all pieces are modules, which are measured. Otherwise whole networks are
        measured, and explained by :meth:`timed_parts`.
        """
        return None

    def timed_parts(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, T): how often each architecture contains each of these parts."""
        raise NotImplementedError("a catalogue with timed_macs has timed_parts too")

    @abstractmethod
    def units(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, F): how often each architecture contains each unit. One vectorised call."""

    @abstractmethod
    def upper_bound(self, values_F: NDArray[np.float64]) -> float:
        """A proven upper bound of ``units(a) @ values_F`` over all architectures (values not negative)."""

    def additive_sampler(self, values_F: NDArray[np.int64], exponent: int) -> AdditiveSampler | None:
        """Exact draws in proportion to ``(units(a) @ values_F) ** exponent`` over the whole space.

        Optional: None (the default) says that this space knows none; policies then find another way, and say so.
        Values are not negative, ``exponent`` >= 0.
        """
        return None


class Skeleton(ABC):
    """One network family: builds the supernet and each stand-alone network, and says what they consist of."""

    @property
    @abstractmethod
    def grammar(self) -> Grammar:
        """The grammar whose architectures fit into this skeleton."""

    @property
    @abstractmethod
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an input image."""

    @abstractmethod
    def build_supernet(self, *, share_sides: bool = False) -> Built:
        """A network that holds every candidate; its choices are modules with ``resolve(architecture)``.

        Where networks that begin alike can be scored together it says so by :attr:`Built.stages`.

        ``share_sides``: symmetric places share one set of weights. Raises SettingError where the space has none.
        """

    @abstractmethod
    def build_standalone(self, architecture: Architecture) -> Built:
        """The network of one architecture, freshly initialised. Its state names equal those of the supernet's path."""

    def measured_inputs(self, batch: int) -> Inputs | None:
        """What a network is called with where its latency is measured, ``batch`` examples; None: random images."""
        return None

    def delivered_state(self, module: nn.Module) -> dict[str, Tensor]:
        """The state of a trained stand-alone network without what served its training alone (an auxiliary head)."""
        return dict(module.state_dict())

    @property
    @abstractmethod
    def catalogue(self) -> Catalogue:
        """What its networks consist of; made once."""

    @property
    def pieces(self) -> tuple[Piece | CountedPiece, ...]:
        """The K pieces."""
        return self.catalogue.pieces

    @property
    def unit_pieces(self) -> NDArray[np.int64]:
        """(F, K): how often each unit contains each piece."""
        return self.catalogue.unit_pieces

    def units(self, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
        """(P, F): how often each architecture contains each unit. One vectorised call."""
        return self.catalogue.units(architectures)

    def upper_bound(self, unit_values_F: NDArray[np.float64]) -> float:
        """A proven upper bound of ``units(a) @ unit_values_F`` over all architectures (values not negative)."""
        return self.catalogue.upper_bound(unit_values_F)

    def additive_sampler(self, unit_values_F: NDArray[np.int64], exponent: int) -> AdditiveSampler | None:
        """Exact draws in proportion to ``(units(a) @ unit_values_F) ** exponent`` over the whole space, or None."""
        return self.catalogue.additive_sampler(unit_values_F, exponent)


class SearchSpace(ABC):
    """A named set of architectures."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Its registered name."""

    @property
    @abstractmethod
    def grammar(self) -> Grammar:
        """Its grammar."""

    @abstractmethod
    def skeleton(self, network: NetworkConfig, task: Task) -> Skeleton:
        """The skeleton for a task. Raises SettingError where they do not fit."""

    @abstractmethod
    def draw(self, architecture: Architecture) -> str:
        """The architecture drawn as text, at most 80 columns wide."""

    def graph(self, architecture: Architecture) -> list[Graph]:
        """The architecture as graphs for drawing, one for each part. Default: none, and pages show :meth:`draw`."""
        return []

    @property
    def legend(self) -> str:
        """How to read :meth:`graph`: a sentence or two, shown beside the graphs. Default: nothing to say."""
        return ""

    @property
    def has_output_forms(self) -> bool:
        """Whether ``network.output`` (concat or project) makes a difference. Default: no, and pages do not name it."""
        return False

    @property
    def unread_network(self) -> tuple[str, ...]:
        """Fields of :class:`NetworkConfig` without a meaning here, which skeletons refuse unless at their default.

        Default: none. ``bnao train --arch RUN`` puts those that a recipe has set back to their defaults, and says so.
        """
        return ()

    def choices(self, architecture: Architecture) -> list[Choice]:
        """What the architecture decides, in its drawn order; distinct, and all of them in :meth:`all_choices`.

        Default: the grammar's words, each the option of "decision 1", "decision 2", ...
        """
        return grammar_choices(self.grammar, architecture)

    def live(self, architecture: Architecture) -> Architecture | None:
        """The architecture without operations that no path leads through from input to output.

        Optional: None (the default) says that this space cannot tell. The ranking lab counts what is live.
        """
        return None

    def all_choices(self) -> list[Choice]:
        """Every choice that an architecture of the space can make, distinct, in an order fit for a table.

        Default: the words that the grammar is seen to allow at each place (:func:`all_grammar_choices`).
        """
        return all_grammar_choices(self.grammar)


SPACES: Registry[Callable[[SpaceConfig], SearchSpace]] = Registry("space")


def make_space(config: SpaceConfig) -> SearchSpace:
    """The space that ``config`` names. Raises SettingError for an unknown name."""
    return SPACES.get(config.name)(config)
