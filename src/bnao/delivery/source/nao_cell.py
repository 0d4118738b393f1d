"""Networks of NAO cells: the two cells with their wiring written out, and the network as the list of its cells."""

from __future__ import annotations

from collections import Counter
from typing import cast

from torch import nn

from bnao.delivery.source.heads import head_kind
from bnao.delivery.source.layer_kind import LayerKind
from bnao.delivery.source.writer import Emit, Writer, in_terms_of, width, widths
from bnao.spaces.nao_cell.cell import Cell
from bnao.spaces.nao_cell.layers import CifarStem, Head, ImageNetStem, Projection
from bnao.spaces.nao_cell.network import NaoNetwork

CIFAR_STEM = LayerKind(
    name="Stem",
    widths=("in_channels", "channels"),
    template='''
class Stem(nn.Module):
    """Convolution 3x3 and batch norm."""

    def __init__(self$signature):
        super().__init__()
        self.conv = nn.Conv2d($in_channels, $channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d($channels)

    def forward(self, images):
        return self.norm(self.conv(images))
''',
)

IMAGENET_STEM = LayerKind(
    name="Stem",
    widths=("in_channels", "half", "channels"),
    template='''
class Stem(nn.Module):
    """Three 3x3 convolutions of stride 2; gives the images at a quarter and at an eighth of their size."""

    def __init__(self$signature):
        super().__init__()
        self.quarter = nn.Sequential(
            nn.Conv2d($in_channels, $half, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d($half),
            nn.ReLU(),
            nn.Conv2d($half, $channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d($channels),
        )
        self.eighth = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d($channels, $channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d($channels),
        )

    def forward(self, images):
        quarter = self.quarter(images)
        return quarter, self.eighth(quarter)
''',
)

PROJECTION = LayerKind(
    name="Projection",
    widths=("channels",),
    options=("states",),
    template='''
class Projection(nn.Module):
    """ReLU, 1x1 convolution, batch norm of states; a slice of the weight for each."""

    def __init__(self$signature):
        super().__init__()
        self.slices = nn.ParameterDict()
        for state in $states:
            self.slices[str(state)] = nn.Parameter(torch.empty($channels, $channels, 1, 1))
        self.norm = nn.BatchNorm2d($channels)

    def forward(self, states):
        weight = torch.cat(list(self.slices.values()), dim=1)
        return self.norm(F.conv2d(F.relu(torch.cat(states, dim=1)), weight))
''',
)

_HEAD = '''
class Head(nn.Module):
    """Average over the image,$what linear layer."""

    def __init__(self$signature):
        super().__init__()$layer
        self.linear = nn.Linear($width, $classes)

    def forward(self, x):
        return $result
'''


def _head(module: nn.Module, writer: Writer) -> str:
    m = cast(Head, module)
    kind = head_kind(_HEAD, "x.mean(dim=(2, 3))", m.dropout, ("width", "classes"))
    return writer.layer(kind, width=width(m.linear.in_features), classes=m.linear.out_features)


def _cifar_stem(module: nn.Module, writer: Writer) -> str:
    conv = cast(CifarStem, module).conv
    return writer.layer(CIFAR_STEM, in_channels=width(conv.in_channels), channels=width(conv.out_channels))


def _imagenet_stem(module: nn.Module, writer: Writer) -> str:
    quarter = cast(ImageNetStem, module).quarter
    first, last = cast(nn.Conv2d, quarter[0]), cast(nn.Conv2d, quarter[3])
    sizes = {"in_channels": first.in_channels, "half": first.out_channels, "channels": last.out_channels}
    return writer.layer(IMAGENET_STEM, **{name: width(number) for name, number in sizes.items()})


def _projection(module: nn.Module, writer: Writer) -> str:
    m = cast(Projection, module)
    return writer.layer(PROJECTION, channels=width(m.norm.num_features), states=repr(m.states))


def _cell(cell: Cell, name: str, writer: Writer) -> str:
    """The call of the cell's class, with its calibrations as arguments; cells of one wiring share a class."""
    calibrations = [writer.module(part) for part in cell.calibrations]
    body = _cell_class(cell, writer)
    found = widths(body)
    if not found:
        return f"{writer.own_class(name, body.replace('$channels', ''))}({', '.join(calibrations)})"
    channels = Counter(found).most_common(1)[0][0]
    body = in_terms_of(body, channels, "channels").replace("$channels", "channels, ")
    return f"{writer.own_class(name, body)}({', '.join([width(channels), *calibrations])})"


def _cell_class(cell: Cell, writer: Writer) -> str:
    nodes, outputs = cell.wiring.nodes, cell.outputs
    states = ", ".join(f"s{state}" for state in outputs)
    lines = [
        "class $name(nn.Module):",
        f'    """Each state adds two operations on earlier ones; {_said(outputs, cell.projection is not None)}."""',
        "",
        "    def __init__(self, $channelsolder, newer):",
        "        super().__init__()",
        "        self.calibrations = nn.ModuleList([older, newer])",
        "        operations = [",
        *(f"            {writer.module(operation)}," for operation in cell.operations),
        "        ]",
        "        self.operations = nn.ModuleList(operations)",
    ]
    if cell.reductions:
        made = ", ".join(f'"{state}": {writer.module(part)}' for state, part in cell.reductions.items())
        lines.append(f"        self.reductions = nn.ModuleDict({{{made}}})")
    if cell.projection is not None:
        lines.append(f"        self.projection = {writer.module(cell.projection)}")
    lines += ["", "    def forward(self, older, newer):", "        op = self.operations"]
    lines += ["        s0 = self.calibrations[0](older)", "        s1 = self.calibrations[1](newer)"]
    for k, ((left, _), (right, _)) in enumerate(nodes):
        lines.append(f"        s{k + 2} = op[{2 * k}](s{left}) + op[{2 * k + 1}](s{right})")
    lines += [f'        s{state} = self.reductions["{state}"](s{state})' for state in cell.reductions]
    if cell.projection is not None:
        lines.append(f"        return self.projection([{states}])")
    else:
        lines.append(f"        return torch.cat([{states}], dim=1)" if len(outputs) > 1 else f"        return {states}")
    return "\n".join(lines)


def _said(outputs: tuple[int, ...], projected: bool) -> str:
    names = [f"s{state}" for state in outputs]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb = "is" if len(names) == 1 else "are"
    return f"{listed} {verb} " + ("projected to its output" if projected else "its output")


def _network(module: nn.Module, writer: Writer) -> str:
    m = cast(NaoNetwork, module)
    assert m.auxiliary is None, "what is delivered has no auxiliary head"
    stem = writer.module(m.stem)
    per_stage = (len(m.cells) - 2) // 3
    names = ["ReductionCell" if k in (per_stage, 2 * per_stage + 1) else "NormalCell" for k in range(len(m.cells))]
    cells = [_cell(cast(Cell, cell), name, writer) for cell, name in zip(m.cells, names, strict=True)]
    twice = "older = newer = " if isinstance(m.stem, CifarStem) else "older, newer = "
    lines = [
        "class $name(nn.Module):",
        '    """Normalised images -> logits.',
        "",
        "    Each cell takes the outputs of the two before it; the layers that it is given bring",
        "    these to its width and size.",
        '    """',
        "",
        "    def __init__(self):",
        "        super().__init__()",
        f"        self.stem = {stem}",
        "        cells = [",
        *(f"            {cell}," for cell in cells),
        "        ]",
        "        self.cells = nn.ModuleList(cells)",
        f"        self.head = {writer.module(m.head)}",
        "",
        "    def forward(self, images):",
        f"        {twice}self.stem(images)",
        "        for cell in self.cells:",
        "            older, newer = newer, cell(older, newer)",
        "        return self.head(newer)",
    ]
    return writer.own_class("Network", "\n".join(lines)) + "()"


NAO_CELL_LAYERS: dict[type[nn.Module], Emit] = {
    CifarStem: _cifar_stem,
    ImageNetStem: _imagenet_stem,
    Projection: _projection,
    Head: _head,
    NaoNetwork: _network,
}
