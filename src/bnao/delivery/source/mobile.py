"""Mobile networks: the chain of blocks, one class for each form of block that occurs."""

from __future__ import annotations

from typing import cast

from torch import nn

from bnao.delivery.source.heads import head_kind
from bnao.delivery.source.layer_kind import LayerKind
from bnao.delivery.source.writer import Emit, Writer, width
from bnao.spaces.mobile.layers import ConvBN, InvertedResidual, MobileHead
from bnao.spaces.mobile.network import MobileNetwork

CONV_BN = LayerKind(
    name="ConvBN",
    widths=("c_in", "c_out"),
    fixed=True,
    template='''
class ConvBN(nn.Sequential):
    """1x1 convolution and batch norm."""

    def __init__(self$signature):
        super().__init__(
            nn.Conv2d($c_in, $c_out, 1, bias=False),
            nn.BatchNorm2d($c_out),
        )
''',
)

CONV_BN_RELU = LayerKind(
    name="ConvBNReLU",
    widths=("c_in", "c_out"),
    options=("kernel", "stride", "groups"),
    fixed=True,
    template='''
class ConvBNReLU(nn.Sequential):
    """Convolution, batch norm, ReLU6."""

    def __init__(self$signature):
        super().__init__(
            nn.Conv2d($c_in, $c_out, $kernel, stride=$stride, padding=$kernel // 2, groups=$groups, bias=False),
            nn.BatchNorm2d($c_out),
            nn.ReLU6(),
        )
''',
)

_EXPANDED = '''
class $name(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection$what."""

    def __init__(self$signature):
        super().__init__()
        wide = $c_in * $expansion
        self.branch = nn.Sequential()
        self.branch.expand = ConvBNReLU($c_in, wide, kernel=1)
        self.branch.depthwise = ConvBNReLU(wide, wide, kernel=$kernel, stride=$stride, groups=wide)
        self.branch.project = ConvBN(wide, $c_out)

    def forward(self, x):
        return $result
'''

_FLAT = '''
class $name(nn.Module):
    """Depthwise convolution, 1x1 projection$what."""

    def __init__(self$signature):
        super().__init__()
        self.branch = nn.Sequential()
        self.branch.depthwise = ConvBNReLU($c_in, $c_in, kernel=$kernel, stride=$stride, groups=$c_in)
        self.branch.project = ConvBN($c_in, $c_out)

    def forward(self, x):
        return $result
'''

_NAMES = {
    (True, True): "InvertedResidual",
    (True, False): "InvertedBlock",
    (False, True): "SeparableResidual",
    (False, False): "SeparableBlock",
}
"""By whether there is an expansion, and whether the input is added."""

_HEAD = '''
class Head(nn.Module):
    """1x1 convolution, batch norm, ReLU6, average over the image,$what linear layer."""

    def __init__(self$signature):
        super().__init__()
        self.features = ConvBNReLU($channels, $width, kernel=1)$layer
        self.linear = nn.Linear($width, $classes)

    def forward(self, x):
        return $result
'''


def _conv_bn(module: nn.Module, writer: Writer) -> str:
    layers = list(module.children())
    conv = cast(nn.Conv2d, layers[0])
    sizes = {"c_in": width(conv.in_channels), "c_out": width(conv.out_channels)}
    if len(layers) == 2:
        return writer.layer(CONV_BN, **sizes)
    return writer.layer(
        CONV_BN_RELU,
        **sizes,
        kernel=int(conv.kernel_size[0]),
        stride=int(conv.stride[0]),
        groups=width(conv.groups) if conv.groups > 1 else 1,
    )


def _block(module: nn.Module, writer: Writer) -> str:
    m = cast(InvertedResidual, module)
    parts = dict(m.branch.named_children())
    depthwise = cast(nn.Conv2d, cast(ConvBN, parts["depthwise"])[0])
    project = cast(nn.Conv2d, cast(ConvBN, parts["project"])[0])
    expands = "expand" in parts
    c_in = cast(nn.Conv2d, cast(ConvBN, parts["expand"])[0]).in_channels if expands else depthwise.in_channels
    kind = LayerKind(
        name=_NAMES[expands, m.residual],
        widths=("c_in", "c_out"),
        options=("kernel", *(("expansion",) if expands else ()), "stride"),
        template=(_EXPANDED if expands else _FLAT)
        .replace("$name", _NAMES[expands, m.residual])
        .replace("$what", "; the input is added" if m.residual else "")
        .replace("$result", "x + self.branch(x)" if m.residual else "self.branch(x)"),
        needs=(CONV_BN, CONV_BN_RELU),
    )
    return writer.layer(
        kind,
        c_in=width(c_in),
        c_out=width(project.out_channels),
        kernel=int(depthwise.kernel_size[0]),
        expansion=depthwise.in_channels // c_in,
        stride=int(depthwise.stride[0]),
    )


def _head(module: nn.Module, writer: Writer) -> str:
    m = cast(MobileHead, module)
    conv = cast(nn.Conv2d, m.features[0])
    features, names = "self.features(x).mean(dim=(2, 3))", ("channels", "width", "classes")
    kind = head_kind(_HEAD, features, m.dropout, names, needs=(CONV_BN_RELU,))
    return writer.layer(
        kind, channels=width(conv.in_channels), width=width(conv.out_channels), classes=m.linear.out_features
    )


def _network(module: nn.Module, writer: Writer) -> str:
    m = cast(MobileNetwork, module)
    stem = writer.module(m.stem)
    lines = [
        "class $name(nn.Module):",
        '    """Normalised images -> logits."""',
        "",
        "    def __init__(self):",
        "        super().__init__()",
        f"        self.stem = {stem}",
        "        layers = [",
        *(f"            {writer.module(layer)}," for layer in m.layers),
        "        ]",
        "        self.layers = nn.ModuleList(layers)",
        f"        self.head = {writer.module(m.head)}",
        "",
        "    def forward(self, images):",
        "        x = self.stem(images)",
        "        for layer in self.layers:",
        "            x = layer(x)",
        "        return self.head(x)",
    ]
    return writer.own_class("Network", "\n".join(lines)) + "()"


MOBILE_LAYERS: dict[type[nn.Module], Emit] = {
    ConvBN: _conv_bn,
    InvertedResidual: _block,
    MobileHead: _head,
    MobileNetwork: _network,
}
