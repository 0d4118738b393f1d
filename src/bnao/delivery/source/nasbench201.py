"""Networks of NAS-Bench-201: the cell with its edges written out, and the network as three stages."""

from __future__ import annotations

from collections import Counter
from typing import cast

from torch import nn

from bnao.delivery.source.heads import head_kind
from bnao.delivery.source.layer_kind import LayerKind
from bnao.delivery.source.operations import RELU_CONV_BN
from bnao.delivery.source.writer import Emit, Writer, in_terms_of, width, widths
from bnao.spaces.nasbench201.cells import EDGES
from bnao.spaces.nasbench201.network import BenchNetwork, Cell, Head, ResidualBlock, Stem, edge_name

STEM = LayerKind(
    name="Stem",
    widths=("in_channels", "channels"),
    template='''
class Stem(nn.Sequential):
    """Convolution 3x3 and batch norm."""

    def __init__(self$signature):
        super().__init__(
            nn.Conv2d($in_channels, $channels, 3, padding=1, bias=False),
            nn.BatchNorm2d($channels),
        )
''',
)

_RESIDUAL = '''
class ResidualBlock(nn.Module):
    """Halves the image: two convolutions beside an average and a 1x1 convolution."""

    def __init__(self$signature):
        super().__init__()
        self.body = nn.Sequential(
            $first,
            $second,
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, ceil_mode=True),
            nn.Conv2d($c_in, $c_out, 1, bias=False),
        )

    def forward(self, x):
        return self.shortcut(x) + self.body(x)
'''

_HEAD = '''
class Head(nn.Module):
    """Batch norm, ReLU, average over the image,$what linear layer."""

    def __init__(self$signature):
        super().__init__()
        self.norm = nn.BatchNorm2d($width)$layer
        self.linear = nn.Linear($width, $classes)

    def forward(self, x):
        return $result
'''


def _stem(module: nn.Module, writer: Writer) -> str:
    conv = cast(nn.Conv2d, cast(Stem, module)[0])
    return writer.layer(STEM, in_channels=width(conv.in_channels), channels=width(conv.out_channels))


def _residual(module: nn.Module, writer: Writer) -> str:
    conv = cast(nn.Conv2d, cast(ResidualBlock, module).shortcut[1])
    c_in, c_out = conv.in_channels, conv.out_channels
    first = writer.layer(RELU_CONV_BN, c_in=width(c_in), c_out=width(c_out), kernel=3, stride=2)
    second = writer.layer(RELU_CONV_BN, c_in=width(c_out), c_out=width(c_out), kernel=3, stride=1)
    named = {width(c_in): "$c_in", width(c_out): "$c_out"}
    template = _RESIDUAL
    for mark, text in (("$first", first), ("$second", second)):
        for number, name in named.items():
            text = text.replace(number, name)
        template = template.replace(mark, text)
    kind = LayerKind(name="ResidualBlock", widths=("c_in", "c_out"), template=template)
    return writer.layer(kind, c_in=width(c_in), c_out=width(c_out))


def _head(module: nn.Module, writer: Writer) -> str:
    m = cast(Head, module)
    kind = head_kind(_HEAD, "self.norm(x).relu().mean(dim=(2, 3))", m.dropout, ("width", "classes"))
    return writer.layer(kind, width=width(m.linear.in_features), classes=m.linear.out_features)


def _cell(module: nn.Module, writer: Writer) -> str:
    """The call of the cell's class, which all cells of a network share but for their width."""
    m = cast(Cell, module)
    body = _cell_class(m, writer)
    found = widths(body)
    if not found:
        return f"{writer.own_class('Cell', body.replace('$channels', ''))}()"
    channels = Counter(found).most_common(1)[0][0]
    body = in_terms_of(body, channels, "channels").replace("$channels", ", channels")
    return f"{writer.own_class('Cell', body)}({width(channels)})"


def _cell_class(cell: Cell, writer: Writer) -> str:
    lines = [
        "class $name(nn.Module):",
        '    """States s1, s2, s3 add what the edges that enter them make of earlier ones."""',
        "",
        "    def __init__(self$channels):",
        "        super().__init__()",
        "        self.operations = nn.ModuleDict()",
        *(f'        self.operations["{name}"] = {writer.module(part)}' for name, part in cell.operations.items()),
        "",
        "    def forward(self, x):",
    ]
    states = {0: "x"}
    for target in (1, 2, 3):
        terms = []
        for edge in EDGES:
            if edge[0] == target and edge_name(*edge) in cell.operations:
                terms.append(f'self.operations["{edge_name(*edge)}"]({states[edge[1]]})')
        states[target] = f"s{target}" if terms else "torch.zeros_like(x)"
        if terms and _is_read(cell, target):
            lines.append(f"        s{target} = {terms[0]}")
            lines += [f"        s{target} = s{target} + {term}" for term in terms[1:]]
    return "\n".join([*lines, f"        return {states[3]}"])


def _is_read(cell: Cell, state: int) -> bool:
    later = [edge for edge in EDGES if edge[1] == state and edge_name(*edge) in cell.operations]
    return state == 3 or any(_is_read(cell, target) for target, _ in later)


def _network(module: nn.Module, writer: Writer) -> str:
    m = cast(BenchNetwork, module)
    stem = writer.module(m.stem)
    lines = [
        "class $name(nn.Module):",
        '    """Normalised images -> logits."""',
        "",
        "    def __init__(self):",
        "        super().__init__()",
        f"        self.stem = {stem}",
        "        self.stages = nn.Sequential(",
    ]
    for stage in m.stages:
        parts = [f"                {writer.module(part)}," for part in stage.children()]
        lines += ["            nn.Sequential(", *parts, "            ),"]
    lines += [
        "        )",
        f"        self.head = {writer.module(m.head)}",
        "",
        "    def forward(self, images):",
        "        return self.head(self.stages(self.stem(images)))",
    ]
    return writer.own_class("Network", "\n".join(lines)) + "()"


NASBENCH201_LAYERS: dict[type[nn.Module], Emit] = {
    Stem: _stem,
    ResidualBlock: _residual,
    Head: _head,
    Cell: _cell,
    BenchNetwork: _network,
}
