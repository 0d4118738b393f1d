"""Exact counts of one architecture, given as text (imports no torch until it is called)."""

from __future__ import annotations

from dataclasses import replace

from bnao.errors import SettingError
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.task import Task


def size(
    tokens: str,
    space: SpaceConfig | None = None,
    network: NetworkConfig | None = None,
    in_channels: int = 3,
    input_size: int = 32,
    num_classes: int = 10,
) -> dict[str, int | None]:
    """Exact counts of an architecture's stand-alone network.

    ``num_params`` without and ``num_params_with_auxiliary`` with the auxiliary head (None where images of
    ``input_size`` pixels a side are too small for one); ``macs``: multiply-adds of convolutions and linear layers for
    one image, the auxiliary head never included. ``tokens`` is the text form of an architecture of ``space``.

    >>> from bnao.spaces.nao_cell import PUBLISHED
    >>> size(PUBLISHED, network=NetworkConfig(cells_per_stage=6, channels=36))["num_params"]
    4387654
    """
    from bnao.cost.sizes import SizeTable
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space

    load_spaces()
    chosen, plain = make_space(space or SpaceConfig()), replace(network or NetworkConfig(), auxiliary=False)
    architecture = [chosen.grammar.parse(tokens)]
    task = Task(in_channels=in_channels, image_size=(input_size, input_size), num_classes=num_classes)
    try:
        skeleton, fits = chosen.skeleton(replace(plain, auxiliary=True), task), True
    except SettingError:  # too small for an auxiliary head; any other reason is raised again here
        skeleton, fits = chosen.skeleton(plain, task), False
    table = SizeTable(skeleton)
    return {
        "num_params": int(table.num_params(architecture)[0]),
        "num_params_with_auxiliary": int(table.num_params_with_auxiliary(architecture)[0]) if fits else None,
        "macs": int(table.macs(architecture)[0]),
    }
