"""The NAO cell space: grammar, operation sets, skeleton (METHOD, arXiv 1909.10815)."""

from __future__ import annotations

from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.errors import SettingError, unknown_name
from bnao.ops import OPERATIONS, Operation
from bnao.spaces.base import SPACES, Built, SearchSpace, Skeleton
from bnao.spaces.choices import Choice
from bnao.spaces.config import MOBILE_FIELDS, NetworkConfig, SpaceConfig
from bnao.spaces.graph import Graph
from bnao.spaces.initialise import initialise
from bnao.spaces.nao_cell.cell import SuperCell, build_cell, operations_of, wirings
from bnao.spaces.nao_cell.choices import ChoiceTable
from bnao.spaces.nao_cell.drawing import Node, draw_cells
from bnao.spaces.nao_cell.grammar import NaoCellGrammar
from bnao.spaces.nao_cell.graph import cell_graph
from bnao.spaces.nao_cell.layers import Projection
from bnao.spaces.nao_cell.network import NaoNetwork
from bnao.spaces.nao_cell.pieces import PieceTable
from bnao.spaces.nao_cell.plan import plan_network
from bnao.spaces.nao_cell.stages import stages_of
from bnao.spaces.progress import Progress
from bnao.spaces.unread import refuse_unread
from bnao.task import Task

PUBLISHED = "1 1 0 1 2 4 0 0 0 0 2 1 0 0 0 2 0 3 0 0 | 0 2 0 2 2 2 1 0 0 0 0 1 0 0 0 3 0 0 0 1"
"""The architecture that the paper found on CIFAR-10, in the ``small`` operation set."""

OPERATION_SETS: dict[str, tuple[str, ...]] = {
    "small": ("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3", "identity"),
    "middle": (
        "zero",
        "identity",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "sep_conv_7x7",
        "dil_conv_3x3",
        "dil_conv_5x5",
        "dil_conv_7x7",
        "avg_pool_3x3",
        "max_pool_3x3",
    ),
}
"""The paper's two sets of candidate operations, in the order of their tokens."""


def operation_set(text: str) -> tuple[Operation, ...]:
    """The operations of a named set, or of names joined by commas. Raises SettingError for unknown names."""
    if text in OPERATION_SETS:
        names = OPERATION_SETS[text]
    else:
        names = tuple(name.strip() for name in text.split(","))
        if not all(names):
            raise SettingError(f"operations are a set or names joined by commas; received {text!r}: name at least one")
        if len(names) == 1 and names[0] not in OPERATIONS.names():
            raise unknown_name("operation set or operation", text, (*OPERATION_SETS, *OPERATIONS.names()))
        if len(set(names)) < len(names):
            raise SettingError(f"candidate operations are distinct; received {text!r}: name each once")
    return tuple(OPERATIONS.get(name) for name in names)


class NaoSkeleton(Skeleton):
    """Networks of NAO cells for one task: 3 N + 2 cells, widths C, 2C, 4C."""

    def __init__(
        self, grammar: NaoCellGrammar, operations: tuple[Operation, ...], config: NetworkConfig, task: Task
    ) -> None:
        self._grammar, self._operations, self._config, self._task = grammar, operations, config, task
        self._plan = plan_network(config, task)
        self._table = PieceTable(self._plan, config, task.num_classes, grammar.nodes, operations)

    @property
    def grammar(self) -> NaoCellGrammar:
        """The cells' grammar."""
        return self._grammar

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an input image."""
        return self._plan.image

    def build_supernet(self, *, share_sides: bool = False) -> Built:
        """The network of super-cells; ``share_sides``: a node's two sides share their candidates.

        Raises SettingError unless the output is ``project``.
        """
        if self._config.output != "project":
            raise SettingError(
                f"a supernet cannot let the width vary; received output {self._config.output!r}: set it to 'project'"
            )
        progress = Progress()
        module = NaoNetwork(
            self._plan,
            self._config,
            self._task.num_classes,
            (1, 1),
            progress,
            lambda plan, drop_path: SuperCell(plan, self._grammar, self._operations, drop_path, share_sides),
        )
        initialise(module)
        return Built(module, progress, stages_of(module), operations_of)

    def build_standalone(self, architecture: Architecture) -> Built:
        """The network of ``architecture``."""
        progress, pair = Progress(), wirings(self._grammar, architecture)
        unused = (len(pair[0].unused), len(pair[1].unused))
        project = self._config.output == "project"
        module = NaoNetwork(
            self._plan,
            self._config,
            self._task.num_classes,
            unused,
            progress,
            lambda plan, drop_path: build_cell(plan, pair[plan.kind], unused, self._operations, project, drop_path),
        )
        initialise(module)
        for part in module.modules():
            if isinstance(part, Projection):
                part.initialise_whole()
        return Built(module, progress, operations=operations_of)

    def delivered_state(self, module: nn.Module) -> dict[str, Tensor]:
        """The state without the auxiliary head."""
        return {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("auxiliary.")}

    @property
    def catalogue(self) -> PieceTable:
        """What its networks consist of."""
        return self._table


class NaoCellSpace(SearchSpace):
    """A normal and a reduction cell of nodes with two (input, operation) pairs each; the paper's search space."""

    def __init__(self, config: SpaceConfig) -> None:
        refuse_unread(config, self.name, *MOBILE_FIELDS)
        self._operations = operation_set(config.operations)
        self._grammar = NaoCellGrammar(nodes=config.nodes, num_operations=len(self._operations))
        self._choices = ChoiceTable(self._grammar, [operation.name for operation in self._operations])

    @property
    def name(self) -> str:
        """``nao_cell``."""
        return "nao_cell"

    @property
    def grammar(self) -> NaoCellGrammar:
        """Its grammar."""
        return self._grammar

    def skeleton(self, network: NetworkConfig, task: Task) -> NaoSkeleton:
        """The skeleton for a task."""
        return NaoSkeleton(self._grammar, self._operations, network, task)

    def draw(self, architecture: Architecture) -> str:
        """Both cells as text."""
        return draw_cells(self._named(architecture))

    def graph(self, architecture: Architecture) -> list[Graph]:
        """The normal and the reduction cell, joined as in the text drawing."""
        return [cell_graph(title, nodes) for title, nodes in self._named(architecture).items()]

    @property
    def legend(self) -> str:
        """How the nodes are joined."""
        return "A node adds its two operations, and what no node reads is the cell's output."

    @property
    def has_output_forms(self) -> bool:
        """A cell's unused states are concatenated, or projected to one width."""
        return True

    def _named(self, architecture: Architecture) -> dict[str, list[Node]]:
        """Both cells' nodes with the names of their operations, by title."""
        names = [operation.name for operation in self._operations]
        normal, reduction = self._grammar.nodes_of(architecture.tokens)
        return {
            title: [((i, names[a]), (j, names[b])) for (i, a), (j, b) in nodes]
            for title, nodes in (("normal cell", normal), ("reduction cell", reduction))
        }

    def choices(self, architecture: Architecture) -> list[Choice]:
        """Input and operation at each side of each node, as drawn."""
        return self._choices.of(architecture)

    def all_choices(self) -> list[Choice]:
        """By cell, node and side; inputs before operations."""
        return self._choices.all()


SPACES.register("nao_cell", NaoCellSpace)
