"""Your own torch module as a search space: grammar, skeleton, drawing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import nn

from bnao.arch import Architecture
from bnao.errors import SettingError
from bnao.spaces.base import Built, SearchSpace, Skeleton
from bnao.spaces.choices import Choice
from bnao.spaces.config import NetworkConfig
from bnao.spaces.frozen import mark_frozen
from bnao.spaces.graph import Graph
from bnao.spaces.own.catalogue import OwnCatalogue
from bnao.spaces.own.construction import (
    Construction,
    construct,
    construct_unseen,
    require_alike,
    require_laid_out,
)
from bnao.spaces.own.covering import covering
from bnao.spaces.own.cuts import Cuts, find_cuts
from bnao.spaces.own.drawing import Words
from bnao.spaces.own.grammar import OwnGrammar
from bnao.spaces.own.inputs import checked_inputs, first_example, mapped, tensors_of
from bnao.spaces.own.multiply_adds import macs_by_condition
from bnao.spaces.own.parameters import params_by_condition
from bnao.spaces.own.resolving import operations_of, resolve_for_good
from bnao.spaces.own.running import make_runner, require_runs, runs_channels_last
from bnao.spaces.placing import keep_contiguous
from bnao.spaces.progress import Progress
from bnao.spaces.unread import refuse_unread
from bnao.task import Task

if TYPE_CHECKING:
    from bnao.call import Inputs


class OwnSkeleton(Skeleton):
    """The user's networks. Their initial weights are the user's: nothing is initialised anew, or thawed."""

    def __init__(self, space: OwnSpace) -> None:
        self._space = space

    @property
    def grammar(self) -> OwnGrammar:
        """The grammar of the open choices."""
        return self._space.grammar

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """The shape of an example, without the batch: of the first tensor, whatever it has of dimensions."""
        return tuple(tensors_of(self._space.example_inputs)[0].shape[1:])  # type: ignore[return-value]

    def measured_inputs(self, batch: int) -> Inputs:
        """The first example, ``batch`` times."""
        return mapped(first_example(self._space.example_inputs), lambda x: torch.cat([x] * batch))

    def build_supernet(self, *, share_sides: bool = False) -> Built:
        """The user's network with all its open choices. Raises SettingError for ``share_sides``."""
        if share_sides:
            raise SettingError(
                "the space 'own' has no symmetric sides that could share weights; received share_sides = true: set "
                "supernet.share_sides to false"
            )
        module = self._construct().module
        return Built(
            module, Progress(), lambda architecture: self._space.cuts.of(module)(architecture), operations_of(module)
        )

    def build_standalone(self, architecture: Architecture) -> Built:
        """A new network of the user's, with the chosen modules in place of the choices: nothing of bnao is in it."""
        module = self._construct().module
        mark_frozen(module)  # by the whole network, as in the supernet
        operations = operations_of(module)
        return Built(resolve_for_good(module, architecture), Progress(), operations=operations)

    def _construct(self) -> Construction:
        made = construct(self._space.build)
        require_laid_out(made, self._space.grammar.decisions)
        if self._space.is_contiguous:
            keep_contiguous(made.module)
        return made

    @property
    def catalogue(self) -> OwnCatalogue:
        """What its networks consist of."""
        return self._space.catalogue


class OwnSpace(SearchSpace):
    """The networks that a torch module of your own can be, by the open choices in it.

    ``build`` makes the network without arguments: a class, or a function. It is called several times and must make the
    same network each time, but for random initial weights. ``example_inputs`` is a batch of one or more real inputs: a
    tensor, a tuple or list of tensors (given by place), or a dict of them (by name); the first dimension of each counts
    examples. The first example runs through some networks now, and through more for counting multiply-adds.

    Networks run in channels-last memory, or, where one of those that are tried does not, in contiguous memory, all of
    them (``is_contiguous``).

    Raises SettingError where choices cannot be found, two networks that were made differ, an architecture does not run
    on the example, or what would run unseen by the search is in the network.

    >>> import bnao, torch
    >>> from torch import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         kernels = {"k3": lambda: nn.Conv2d(4, 4, 3, padding=1), "skip": nn.Identity}
    ...         self.stem = nn.Conv2d(3, 4, 3)
    ...         self.blocks = nn.Sequential(*[bnao.OneOf(kernels) for _ in range(3)])
    ...         self.deep = bnao.Repeat(lambda: nn.Conv2d(4, 4, 1), times=(0, 1, 2))
    ...     def forward(self, x):
    ...         return self.deep(self.blocks(self.stem(x))).mean(dim=(2, 3))
    >>> space = OwnSpace(Net, torch.zeros(1, 3, 8, 8))
    >>> space.grammar.count()
    24
    >>> print(space.draw(space.grammar.parse("0 1 0 2")))
      blocks.0  k3
      blocks.1  skip
      blocks.2  k3
      deep      2 times
    """

    def __init__(self, build: Callable[[], nn.Module], example_inputs: Inputs) -> None:
        self.build, self.example_inputs = build, checked_inputs(example_inputs)
        made = construct_unseen(build)
        self._grammar = OwnGrammar(made.layout.decisions)
        require_alike(made, construct_unseen(build))
        self._params = params_by_condition(made)
        self._parts = tuple(made.layout.conditions.values())
        self._covering = covering(self._grammar, self._parts)
        require_runs(made, self._covering, self.example_inputs)
        self.is_contiguous = not runs_channels_last(made, self._covering, self.example_inputs)
        self._words = Words(made.layout.decisions)

    @property
    def name(self) -> str:
        """``own``."""
        return "own"

    @property
    def grammar(self) -> OwnGrammar:
        """A token for each decision."""
        return self._grammar

    @cached_property
    def catalogue(self) -> OwnCatalogue:
        """What its networks consist of; made on first use, by running some of them."""
        runner = make_runner(lambda: construct_unseen(self.build), first_example(self.example_inputs), self._covering)
        return OwnCatalogue(
            self._grammar,
            self._params,
            macs_by_condition(self._grammar, runner, self._covering),
            runner.macs,
            self._parts,
        )

    @cached_property
    def cuts(self) -> Cuts:
        """Where the network's forward can be cut; found on first use, by tracing it and running some networks."""
        return find_cuts(construct_unseen(self.build), self._covering, first_example(self.example_inputs))

    def skeleton(self, network: NetworkConfig, task: Task) -> OwnSkeleton:
        """The skeleton, the same for every task. Raises SettingError for settings of ready-made networks."""
        refuse_unread(network, self.name, *self.unread_network)
        return OwnSkeleton(self)

    @property
    def unread_network(self) -> tuple[str, ...]:
        """All that describes ready-made networks."""
        return ("cells_per_stage", "channels", "stem", "auxiliary", "dropout_keep", "drop_path_keep")

    def draw(self, architecture: Architecture) -> str:
        """A line for each decision that is reached."""
        return self._words.draw(architecture)

    def graph(self, architecture: Architecture) -> list[Graph]:
        """The decisions in order, a chain for each attribute of the network that holds some."""
        return self._words.graphs(architecture)

    @property
    def legend(self) -> str:
        """What is shown."""
        return (
            "The network's open choices in the order in which it holds them, each with what was chosen; how data flows "
            "between them is what the network's own forward says."
        )

    def choices(self, architecture: Architecture) -> list[Choice]:
        """The decisions that are reached, in order."""
        return self._words.choices(architecture)

    def all_choices(self) -> list[Choice]:
        """By decision, then by option."""
        return self._words.all_choices()
