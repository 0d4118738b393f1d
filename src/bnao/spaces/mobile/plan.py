"""Where every layer of a mobile network stands: widths, strides and sizes, derived once from the settings.

A *layer* is one place of the chain; a *block* is one candidate for it, with a kernel and an expansion. A layer that
keeps width and size may be skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from bnao.errors import require
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.numbers import fractions, wholes
from bnao.spaces.resolution import reduced
from bnao.task import Task

HEAD_MULTIPLE = 4
"""The head's width over the last stage's."""


@dataclass(frozen=True)
class Block:
    """A candidate: an inverted residual block with a ``kernel`` x ``kernel`` depthwise convolution.

    >>> Block(kernel=5, expansion=6).name
    'mbconv6_5x5'
    """

    kernel: int
    expansion: int

    @property
    def name(self) -> str:
        """``mbconv{expansion}_{kernel}x{kernel}``."""
        return f"mbconv{self.expansion}_{self.kernel}x{self.kernel}"


@dataclass(frozen=True)
class Layer:
    """A place of the chain: ``place`` (from 1) in ``stage`` (from 1); widths are multiples of network.channels."""

    stage: int
    place: int
    width_in: Fraction
    width_out: Fraction
    stride: int
    skip: bool

    @property
    def skippable(self) -> bool:
        """Whether identity is a candidate: it is asked for, and width and size stay."""
        return self.skip and self.stride == 1 and self.width_in == self.width_out


@dataclass(frozen=True)
class LayerPlan:
    """Layer ``layer`` (from 1) of ``layers`` in a network: channels and the size (h, w) of its input."""

    layer: int
    layers: int
    c_in: int
    c_out: int
    stride: int
    size_in: tuple[int, int]
    skippable: bool

    @property
    def shape(self) -> tuple[int, int, int, tuple[int, int]]:
        """What a block's parameters and multiply-adds depend on."""
        return self.c_in, self.c_out, self.stride, self.size_in


@dataclass(frozen=True)
class ChainPlan:
    """The whole network: the stem's stride, the layers, the head's width and the size of what it reads."""

    image: tuple[int, int, int]
    channels: int
    stem_stride: int
    layers: tuple[LayerPlan, ...]
    head: int
    size_out: tuple[int, int]

    @property
    def c_out(self) -> int:
        """Channels that the head reads."""
        return self.layers[-1].c_out


def candidate_blocks(config: SpaceConfig) -> tuple[Block, ...]:
    """The blocks in the order of their tokens, from 1: by kernel, then by expansion, each as the settings list them.

    >>> [block.name for block in candidate_blocks(SpaceConfig(kernels="3,5", expansions="3,6"))]
    ['mbconv3_3x3', 'mbconv6_3x3', 'mbconv3_5x5', 'mbconv6_5x5']
    """
    expansions = wholes("expansions", config.expansions)
    return tuple(Block(k, e) for k in wholes("kernels", config.kernels) for e in expansions)


def chain_layers(config: SpaceConfig) -> tuple[Layer, ...]:
    """All layers of the chain, in order. The first one reads the stem, whose width multiple is 1."""
    found: list[Layer] = []
    before = Fraction(1)
    stages = zip(
        fractions("widths", config.widths), wholes("depths", config.depths), wholes("strides", config.strides),
        strict=True,
    )  # fmt: skip
    for stage, (width, depth, stride) in enumerate(stages, start=1):
        for place in range(1, depth + 1):
            found.append(Layer(stage, place, before, width, stride if place == 1 else 1, config.skip))
            before = width
    return tuple(found)


def plan_chain(layers: tuple[Layer, ...], config: NetworkConfig, task: Task) -> ChainPlan:
    """Lay out the network. Raises SettingError where a width is no whole number of channels."""
    size = task.image_size
    stem_stride = 2 if config.stem_for(size) == "imagenet" else 1
    size_in = reduced(size, stem_stride)
    plans: list[LayerPlan] = []
    for number, layer in enumerate(layers, start=1):
        c_in, c_out = (_channels(width, config.channels) for width in (layer.width_in, layer.width_out))
        plans.append(LayerPlan(number, len(layers), c_in, c_out, layer.stride, size_in, layer.skippable))
        size_in = reduced(size_in, layer.stride)
    image = (task.in_channels, *size)
    return ChainPlan(image, config.channels, stem_stride, tuple(plans), HEAD_MULTIPLE * plans[-1].c_out, size_in)


def _channels(width: Fraction, channels: int) -> int:
    product = width * channels
    require(
        product.denominator == 1,
        "widths times channels are whole numbers",
        f"{float(width):g} x {channels} channels",
        f"make channels a multiple of {width.denominator}, or change the width",
    )
    return int(product)
