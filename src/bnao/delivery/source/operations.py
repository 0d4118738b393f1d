"""The candidate operations of :mod:`bnao.ops`, and the layers that they share."""

from __future__ import annotations

from typing import cast

from torch import nn

from bnao.delivery.source.layer_kind import LayerKind
from bnao.delivery.source.torch_layers import average_pool, sequential
from bnao.delivery.source.writer import Emit, Writer, width
from bnao.ops.layers import FactorizedReduction, ReluConvBN
from bnao.ops.pooling import AvgPool2d
from bnao.ops.separable import DilatedConv, SeparableConv, SeparableUnits
from bnao.ops.trivial import ZeroOutput

RELU_CONV_BN = LayerKind(
    name="ReluConvBN",
    widths=("c_in", "c_out"),
    options=("kernel", "stride"),
    template='''
class ReluConvBN(nn.Sequential):
    """ReLU, convolution, batch norm."""

    def __init__(self$signature):
        super().__init__(
            nn.ReLU(),
            nn.Conv2d($c_in, $c_out, $kernel, stride=$stride, padding=$kernel // 2, bias=False),
            nn.BatchNorm2d($c_out),
        )
''',
)

RELU_POINTWISE_BN = LayerKind(
    name="ReluPointwiseBN",
    widths=("c_in", "c_out"),
    options=("stride",),
    template='''
class ReluPointwiseBN(nn.Sequential):
    """ReLU, 1x1 convolution of every so many-th pixel, batch norm."""

    def __init__(self$signature):
        super().__init__(nn.ReLU(), nn.Conv2d($c_in, $c_out, 1, bias=False), nn.BatchNorm2d($c_out))
        self.pixel_step = $stride

    def forward(self, x):
        return super().forward(x[:, :, :: self.pixel_step, :: self.pixel_step])
''',
)

REDUCTION = LayerKind(
    name="FactorizedReduction",
    widths=("c_in", "c_out"),
    template='''
class FactorizedReduction(nn.Module):
    """Halves the image: 1x1 convolutions of even and odd pixels, then batch norm."""

    def __init__(self$signature):
        super().__init__()
        self.even = nn.Conv2d($c_in, $c_out // 2, 1, bias=False)
        self.odd = nn.Conv2d($c_in, $c_out // 2, 1, bias=False)
        self.norm = nn.BatchNorm2d($c_out)

    def forward(self, x):
        height, width = x.shape[2:]
        shifted = F.pad(x[:, :, 1::2, 1::2], (0, width % 2, 0, height % 2))
        return self.norm(torch.cat([self.even(x[:, :, ::2, ::2]), self.odd(shifted)], dim=1))
''',
)

SEPARABLE = LayerKind(
    name="SeparableConv",
    widths=("c_in", "c_out"),
    options=("kernel", "stride"),
    template='''
class SeparableConv(nn.Sequential):
    """Twice: ReLU, depthwise convolution, 1x1 convolution, batch norm."""

    def __init__(self$signature):
        super().__init__(
            nn.ReLU(),
            nn.Conv2d($c_in, $c_in, $kernel, stride=$stride, padding=$kernel // 2, groups=$c_in, bias=False),
            nn.Conv2d($c_in, $c_in, 1, bias=False),
            nn.BatchNorm2d($c_in),
            nn.ReLU(),
            nn.Conv2d($c_in, $c_in, $kernel, padding=$kernel // 2, groups=$c_in, bias=False),
            nn.Conv2d($c_in, $c_out, 1, bias=False),
            nn.BatchNorm2d($c_out),
        )
''',
)

DILATED = LayerKind(
    name="DilatedConv",
    widths=("c_in", "c_out"),
    options=("kernel", "stride"),
    template='''
class DilatedConv(nn.Sequential):
    """ReLU, depthwise convolution of dilation 2, 1x1 convolution, batch norm."""

    def __init__(self$signature):
        super().__init__(
            nn.ReLU(),
            nn.Conv2d($c_in, $c_in, $kernel, stride=$stride, padding=$kernel - 1, dilation=2, groups=$c_in, bias=False),
            nn.Conv2d($c_in, $c_out, 1, bias=False),
            nn.BatchNorm2d($c_out),
        )
''',
)

_ZERO = '''
class $name(nn.Module):
    """No connection: zeros$what."""

    def forward(self, x):
        return torch.zeros_like($pixels)
'''


def _relu_conv_bn(module: nn.Module, writer: Writer) -> str:
    m = cast(ReluConvBN, module)
    conv = cast(nn.Conv2d, m[1])
    if m.pixel_step > 1:
        return writer.layer(
            RELU_POINTWISE_BN, c_in=width(conv.in_channels), c_out=width(conv.out_channels), stride=m.pixel_step
        )
    return writer.layer(
        RELU_CONV_BN,
        c_in=width(conv.in_channels),
        c_out=width(conv.out_channels),
        kernel=int(conv.kernel_size[0]),
        stride=int(conv.stride[0]),
    )


def _reduction(module: nn.Module, writer: Writer) -> str:
    m = cast(FactorizedReduction, module)
    return writer.layer(REDUCTION, c_in=width(m.even.in_channels), c_out=width(m.norm.num_features))


def _zero(module: nn.Module, writer: Writer) -> str:
    stride = cast(ZeroOutput, module).stride
    words = {"$name": "Zero", "$what": "", "$pixels": "x"}
    if stride > 1:
        words = {
            "$name": f"ZeroStride{stride}", "$what": f" of the size that stride {stride} leaves",
            "$pixels": f"x[:, :, ::{stride}, ::{stride}]",
        }  # fmt: skip
    template = _ZERO
    for mark, text in words.items():
        template = template.replace(mark, text)
    return writer.layer(LayerKind(name=words["$name"], template=template))


def _units(module: nn.Module, writer: Writer) -> str:
    """A separable or dilated convolution by its name; any other sequence layer by layer."""
    layers = list(module.children())
    if len(layers) in (4, 8) and isinstance(layers[1], nn.Conv2d) and isinstance(layers[-2], nn.Conv2d):
        first, last = layers[1], layers[-2]
        kernel, stride = int(first.kernel_size[0]), int(first.stride[0])
        for kind, operation in ((SEPARABLE, SeparableConv(kernel)), (DILATED, DilatedConv(kernel))):
            if repr(operation.build(first.in_channels, last.out_channels, stride)) == repr(module):
                return writer.layer(
                    kind,
                    c_in=width(first.in_channels),
                    c_out=width(last.out_channels),
                    kernel=kernel,
                    stride=stride,
                )
    return sequential(module, writer)


OPERATION_LAYERS: dict[type[nn.Module], Emit] = {
    SeparableUnits: _units,
    AvgPool2d: average_pool,
    ReluConvBN: _relu_conv_bn,
    FactorizedReduction: _reduction,
    ZeroOutput: _zero,
}
