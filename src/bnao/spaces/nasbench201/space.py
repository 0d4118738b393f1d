"""The NAS-Bench-201 space and its skeleton: C = 16 and N = 5 is the benchmark's own network, any other a scaled one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from torch import nn

from bnao.arch import Architecture
from bnao.errors import SettingError
from bnao.spaces.base import SPACES, Built, SearchSpace, Skeleton
from bnao.spaces.choices import Choice
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.graph import Graph
from bnao.spaces.initialise import initialise
from bnao.spaces.nasbench201.cells import EDGES, NONE, OPERATION_NAMES, live_edges
from bnao.spaces.nasbench201.drawing import cell_graph, draw_cell
from bnao.spaces.nasbench201.grammar import NasBench201Grammar
from bnao.spaces.nasbench201.network import STAGES, BenchNetwork, SuperCell, build_cell, operations_of
from bnao.spaces.nasbench201.pieces import CANDIDATES, PieceTable
from bnao.spaces.nasbench201.stages import stages_of
from bnao.spaces.progress import DropPath, Progress
from bnao.spaces.unread import refuse_unread
from bnao.task import Task

UNREAD = ("auxiliary", "stem")
"""Fields of NetworkConfig: there is no auxiliary head, and the stem is that of the benchmark, which is called cifar."""


class NasBench201Skeleton(Skeleton):
    """Three stages of N cells of widths C, 2C, 4C. Reads ``channels``, ``cells_per_stage`` and the two keeps."""

    def __init__(self, grammar: NasBench201Grammar, config: NetworkConfig, task: Task) -> None:
        refuse_unread(config, "nasbench201", *(n for n in UNREAD if n != "stem" or config.stem == "imagenet"))
        self._grammar, self._config, self._task = grammar, config, task
        self._table = PieceTable(config, task)

    @property
    def grammar(self) -> NasBench201Grammar:
        """The cells' grammar."""
        return self._grammar

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an input image."""
        return (self._task.in_channels, *self._task.image_size)

    def build_supernet(self, *, share_sides: bool = False) -> Built:
        """The network of super-cells. Raises SettingError for ``share_sides``: an edge has one side."""
        if share_sides:
            raise SettingError("the space nasbench201 has no symmetric sides; received share_sides: leave it out")
        built = self._build(lambda channels, drop_path: SuperCell(channels, CANDIDATES, drop_path))
        assert isinstance(built.module, BenchNetwork)
        return replace(built, stages=stages_of(built.module))

    def build_standalone(self, architecture: Architecture) -> Built:
        """The network of ``architecture`` exactly as drawn, operations that lead nowhere included."""
        return self._build(lambda channels, drop_path: build_cell(channels, architecture.tokens, CANDIDATES, drop_path))

    def _build(self, make_cell: Callable[[int, DropPath], nn.Module]) -> Built:
        config, progress = self._config, Progress()
        layers = STAGES * config.cells_per_stage

        def make(layer: int, channels: int) -> nn.Module:
            keep = config.drop_path_keep
            return make_cell(channels, DropPath(keep_at_end=keep, layer=layer, layers=layers, progress=progress))

        module = BenchNetwork(
            self._task.in_channels,
            config.channels,
            config.cells_per_stage,
            self._task.num_classes,
            config.dropout_keep,
            make,
        )
        return Built(initialise(module), progress, operations=operations_of)

    @property
    def catalogue(self) -> PieceTable:
        """What its networks consist of."""
        return self._table


class NasBench201Space(SearchSpace):
    """Cells of six edges with one of five operations each: 15,625 cells, 6,466 up to isomorphism."""

    def __init__(self, config: SpaceConfig) -> None:
        refuse_unread(config, "nasbench201", *(f.name for f in fields(SpaceConfig) if f.name != "name"))
        self._grammar = NasBench201Grammar()

    @property
    def name(self) -> str:
        """``nasbench201``."""
        return "nasbench201"

    @property
    def unread_network(self) -> tuple[str, ...]:
        """It has no auxiliary head, and the stem of its benchmark."""
        return UNREAD

    @property
    def grammar(self) -> NasBench201Grammar:
        """Its grammar."""
        return self._grammar

    def skeleton(self, network: NetworkConfig, task: Task) -> NasBench201Skeleton:
        """The skeleton for a task."""
        return NasBench201Skeleton(self._grammar, network, task)

    def draw(self, architecture: Architecture) -> str:
        """The cell's four states as formulas."""
        return draw_cell(architecture.tokens)

    def graph(self, architecture: Architecture) -> list[Graph]:
        """The cell."""
        return [cell_graph(architecture.tokens)]

    @property
    def legend(self) -> str:
        """How the states are joined, and what is not drawn."""
        return (
            "A state adds what its operations make of earlier states; an edge whose operation is none is not drawn. "
            "All cells of the network are this one."
        )

    def choices(self, architecture: Architecture) -> list[Choice]:
        """The operation of each edge, in the order of the tokens."""
        return [_choice(edge, token) for edge, token in zip(EDGES, architecture.tokens, strict=True)]

    def live(self, architecture: Architecture) -> Architecture:
        """The cell with ``none`` on every edge off the paths from its input to its output."""
        tokens = architecture.tokens
        edges = zip(tokens, live_edges(tokens), strict=True)
        return self._grammar.architecture([token if live else NONE for token, live in edges])

    def all_choices(self) -> list[Choice]:
        """By edge, then by operation."""
        return [_choice(edge, token) for edge in EDGES for token in range(len(OPERATION_NAMES))]


def _choice(edge: tuple[int, int], token: int) -> Choice:
    return Choice("operation", f"edge {edge[1]} to {edge[0]}", OPERATION_NAMES[token])


SPACES.register("nasbench201", NasBench201Space)
