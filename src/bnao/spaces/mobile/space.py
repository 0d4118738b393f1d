"""The mobile space: grammar, skeleton, drawing.

In the terms of MobileNetV2 (arXiv 1801.04381), MnasNet (1807.11626) and ProxylessNAS (1812.00332): a chain of inverted
residual blocks whose kernel and expansion are chosen for each layer, or the layer is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from bnao.arch import Architecture
from bnao.errors import SettingError
from bnao.spaces.base import SPACES, Built, SearchSpace, Skeleton
from bnao.spaces.choices import Choice
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.graph import Graph
from bnao.spaces.initialise import initialise
from bnao.spaces.mobile.drawing import Words
from bnao.spaces.mobile.grammar import MobileGrammar
from bnao.spaces.mobile.network import LayerChoice, MobileNetwork, build_block, operations_of
from bnao.spaces.mobile.pieces import PieceTable
from bnao.spaces.mobile.plan import Block, Layer, LayerPlan, candidate_blocks, chain_layers, plan_chain
from bnao.spaces.numbers import wholes
from bnao.spaces.progress import DropPath, Progress
from bnao.spaces.unread import refuse_unread
from bnao.task import Task

UNREAD = ("cells_per_stage", "auxiliary")
"""Fields of NetworkConfig: a chain has neither cells nor an auxiliary head."""


class MobileSkeleton(Skeleton):
    """Mobile networks for one task. ``output`` may be concat or project: a chain has one form only."""

    def __init__(
        self,
        grammar: MobileGrammar,
        layers: tuple[Layer, ...],
        blocks: tuple[Block, ...],
        config: NetworkConfig,
        task: Task,
    ) -> None:
        refuse_unread(config, "mobile", *UNREAD)
        self._grammar, self._blocks, self._config, self._task = grammar, blocks, config, task
        self._plan = plan_chain(layers, config, task)
        self._table = PieceTable(self._plan, task.num_classes, grammar.depths, blocks)

    @property
    def grammar(self) -> MobileGrammar:
        """The chain's grammar."""
        return self._grammar

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an input image."""
        return self._plan.image

    def build_supernet(self, *, share_sides: bool = False) -> Built:
        """The network of layers that hold every block. Raises SettingError for ``share_sides``."""
        if share_sides:
            raise SettingError(
                "the space 'mobile' has no symmetric sides that could share weights; received share_sides = true: set "
                "supernet.share_sides to false"
            )
        built = self._built(lambda plan, drop_path: LayerChoice(plan, self._blocks, drop_path))
        assert isinstance(built.module, MobileNetwork)
        return replace(built, stages=built.module.stages)

    def build_standalone(self, architecture: Architecture) -> Built:
        """The network of ``architecture``; its layers stand at the places of its tokens."""

        def layer(plan: LayerPlan, drop_path: DropPath) -> nn.Module:
            token = architecture.tokens[plan.layer - 1]
            return build_block(plan, self._blocks[token - 1], drop_path) if token else nn.Identity()

        return self._built(layer)

    def _built(self, make_layer: Callable[[LayerPlan, DropPath], nn.Module]) -> Built:
        progress, keep = Progress(), self._config.drop_path_keep

        def make(plan: LayerPlan) -> nn.Module:
            drop_path = DropPath(keep_at_end=keep, layer=plan.layer, layers=plan.layers, progress=progress)
            return make_layer(plan, drop_path)

        module = MobileNetwork(self._plan, self._config, self._task.num_classes, make)
        return Built(initialise(module), progress, operations=operations_of)

    @property
    def catalogue(self) -> PieceTable:
        """What its networks consist of."""
        return self._table


class MobileSpace(SearchSpace):
    """A chain of inverted residual blocks, each with kernel and expansion chosen, or skipped; for small networks."""

    def __init__(self, config: SpaceConfig) -> None:
        refuse_unread(config, self.name, "operations", "nodes")
        self._layers, self._blocks = chain_layers(config), candidate_blocks(config)
        self._grammar = MobileGrammar(
            depths=wholes("depths", config.depths),
            skippable=[layer.skippable for layer in self._layers],
            num_blocks=len(self._blocks),
        )
        self._words = Words(self._layers, self._blocks)

    @property
    def name(self) -> str:
        """``mobile``."""
        return "mobile"

    @property
    def unread_network(self) -> tuple[str, ...]:
        """Cells and an auxiliary head: a chain has neither."""
        return UNREAD

    @property
    def grammar(self) -> MobileGrammar:
        """Its grammar."""
        return self._grammar

    def skeleton(self, network: NetworkConfig, task: Task) -> MobileSkeleton:
        """The skeleton for a task. Raises SettingError for settings that a chain does not read."""
        return MobileSkeleton(self._grammar, self._layers, self._blocks, network, task)

    def draw(self, architecture: Architecture) -> str:
        """A line for each stage."""
        return self._words.draw(architecture)

    def graph(self, architecture: Architecture) -> list[Graph]:
        """One chain for each stage."""
        return self._words.graphs(architecture)

    @property
    def legend(self) -> str:
        """What a layer's name says."""
        return (
            "Each stage is a chain that begins where the one before ends; mbconv6_3x3 is an inverted residual block "
            "with expansion 6 and a 3x3 kernel, identity a layer that is left out."
        )

    def choices(self, architecture: Architecture) -> list[Choice]:
        """The block, or identity, of each layer, as drawn."""
        return self._words.choices(architecture)

    def all_choices(self) -> list[Choice]:
        """By layer, then by token."""
        return self._words.all_choices()


SPACES.register("mobile", MobileSpace)
