"""The mobile network: stem, layers, head. One module class for the supernet and for stand-alone networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.spaces.config import NetworkConfig
from bnao.spaces.mobile.layers import InvertedResidual, MobileHead, build_stem
from bnao.spaces.mobile.plan import Block, ChainPlan, LayerPlan
from bnao.spaces.progress import DropPath
from bnao.spaces.stages import Stage


class MobileNetwork(nn.Module):
    """(B, in, h, w) -> logits (B, classes). A skipped layer stands at its place as ``nn.Identity``.

    Drop-path grows with a layer's place in the chain, identities counted; what is trained alone is the canonical form.
    """

    def __init__(
        self, plan: ChainPlan, config: NetworkConfig, num_classes: int, make_layer: Callable[[LayerPlan], nn.Module]
    ) -> None:
        super().__init__()
        self.stem = build_stem(plan.image[0], plan.channels, plan.stem_stride)
        self.layers = nn.ModuleList(make_layer(layer) for layer in plan.layers)
        self.head = MobileHead(plan.c_out, plan.head, num_classes, config.dropout_keep)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images."""
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        return self.head(x)  # type: ignore[no-any-return]

    def stages(self, architecture: Architecture) -> list[Stage]:
        """Of the supernet: the stem, each layer that is not skipped, the head."""
        chosen = [(k, token) for k, token in enumerate(architecture.tokens) if token]
        layers = [Stage((k, token), self.layers[k]) for k, token in chosen]
        return [Stage("stem", self.stem), *layers, Stage("head", self.head)]


def operations_of(network: nn.Module) -> list[nn.Module]:
    """The branches of all blocks of a network without choices; drop-path is no part of a branch."""
    return [block.branch for block in network.modules() if isinstance(block, InvertedResidual)]


def build_block(plan: LayerPlan, block: Block, drop_path: DropPath | None = None) -> InvertedResidual:
    """A fresh candidate of a layer."""
    return InvertedResidual(
        plan.c_in,
        plan.c_out,
        kernel=block.kernel,
        expansion=block.expansion,
        stride=plan.stride,
        drop_path=drop_path,
    )


class LayerChoice(nn.Module):
    """A layer that holds every candidate: a choice. ``resolve(architecture)`` gives the one of the layer's token.

    Each layer has weights of its own, so the drawn places of identities matter here, as they do not for the network.
    """

    def __init__(self, plan: LayerPlan, blocks: Sequence[Block], drop_path: DropPath) -> None:
        super().__init__()
        self.position = plan.layer - 1
        self.candidates = nn.ModuleList(build_block(plan, block, drop_path) for block in blocks)
        self.identity = nn.Identity()

    def resolve(self, architecture: Architecture) -> nn.Module:
        """The block, or identity, that the architecture chooses."""
        token = architecture.tokens[self.position]
        return self.candidates[token - 1] if token else self.identity

    def forward(self, x: Tensor) -> Tensor:
        """A choice cannot run: raises AssertionError. Run ``supernet.path(architecture)`` instead."""
        raise AssertionError("an unresolved choice was called: run supernet.path(architecture), not the supernet")
