"""``bnao size``."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from cyclopts import Parameter

from bnao.errors import ArchitectureError, nearest, require
from bnao.spaces.config import MOST_CELLS, MOST_CHANNELS, MOST_NODES, NetworkConfig, SpaceConfig

_DEFAULT = SpaceConfig()


def size(
    tokens: str,
    /,
    *,
    space: str = "nao_cell",
    operations: str = "small",
    nodes: int = 5,
    widths: str = _DEFAULT.widths,
    depths: str = _DEFAULT.depths,
    strides: str = _DEFAULT.strides,
    kernels: str = _DEFAULT.kernels,
    expansions: str = _DEFAULT.expansions,
    skip: bool = _DEFAULT.skip,
    cells_per_stage: int | None = None,
    channels: int = 36,
    num_classes: int = 10,
    in_channels: int = 3,
    input_size: int = 32,
    output: Literal["concat", "project"] = "concat",
    stem: Literal["auto", "cifar", "imagenet"] = "auto",
    json_output: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Count the parameters and multiply-adds (convolutions and linear layers) of an architecture's network.

    Parameters
    ----------
    tokens
        `normal cell | reduction cell` in quotes, or the word `published` for the paper's architecture; of another
        space its own text form
    space
        search space: `bnao list spaces`
    operations
        operation set (small, middle) or names joined by commas: `bnao list ops`
    nodes
        nodes of a cell
    widths
        mobile: width of each stage as a multiple of channels
    depths
        mobile: layers of each stage
    strides
        mobile: stride, 1 or 2, of each stage's first layer
    kernels
        mobile: candidate kernel sizes
    expansions
        mobile: candidate expansions
    skip
        mobile: whether a layer that keeps width and size may be left out
    cells_per_stage
        N; three stages with a reduction cell between them [nao_cell: 6]
    channels
        C, width of the first stage; even
    num_classes
        classes of the last layer
    in_channels
        channels of the images
    input_size
        side of the images in pixels
    output
        of a cell: unused states side by side, or projected back to C channels
    stem
        auto: imagenet for images of 64 pixels or more, else cifar
    json_output
        print one JSON object: num_params, num_params_with_auxiliary, macs
    """
    import bnao.api as api

    if cells_per_stage is None:
        cells_per_stage = 6 if space == "nao_cell" else NetworkConfig().cells_per_stage
    given = (nodes, cells_per_stage, channels, num_classes, in_channels, input_size)
    for (name, most), value in zip(_MOST.items(), given, strict=True):
        require(value >= 1, f"--{name} is at least 1", value, "give a positive number")
        require(value <= most, f"--{name} is at most {most:,}", value, "give a smaller number")
    if nearest(tokens.strip(), ["published"]) and tokens.strip() != "published":
        raise ArchitectureError(
            f"an architecture is its tokens, or the word `published`; received {tokens!r}: did you mean 'published'?"
        )
    if tokens.strip() == "published" and space == "nao_cell":
        tokens = _published(operations, nodes)
    counts = api.size(
        tokens,
        SpaceConfig(
            name=space,
            operations=operations,
            nodes=nodes,
            widths=widths,
            depths=depths,
            strides=strides,
            kernels=kernels,
            expansions=expansions,
            skip=skip,
        ),
        NetworkConfig(cells_per_stage=cells_per_stage, channels=channels, output=output, stem=stem),
        in_channels,
        input_size,
        num_classes,
    )
    if json_output:
        print(json.dumps(counts))
        return
    missing = "does not fit this input" if space == "nao_cell" else "the space has none"
    for name, words in _WORDS.items():
        count = counts[name]
        print(f"{words:32}{missing if count is None else format(count, ','):>24}")


def _published(operations: str, nodes: int) -> str:
    """The paper's architecture, whose numbers mean operations of one set only."""
    from bnao.spaces.nao_cell import PUBLISHED

    require(
        (operations, nodes) == ("small", 5),
        "the published architecture belongs to operations small, 5 nodes",
        f"{operations}, {nodes} nodes",
        "leave both as they are, or write the tokens",
    )
    return PUBLISHED


_MOST = {
    "nodes": MOST_NODES,
    "cells-per-stage": MOST_CELLS,
    "channels": MOST_CHANNELS,
    "num-classes": 1_000_000,
    "in-channels": 10_000,
    "input-size": 100_000,
}
"""Numbers above which counting would take minutes, or overflow."""

_WORDS = {
    "num_params": "parameters",
    "num_params_with_auxiliary": "with auxiliary head",
    "macs": "multiply-adds of one image",
}
