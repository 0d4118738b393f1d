"""The widest network within a limit of multiply-adds, and the published cell's exact counts on ImageNet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bnao.cost.sizes import SizeTable
from bnao.errors import SettingError
from bnao.loop.train.width import widest
from bnao.recipes import load_train_recipe
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED
from bnao.task import Task

load_spaces()
SPACE = make_space(SpaceConfig())
CELL = SPACE.grammar.parse(PUBLISHED)
IMAGENET = Task(in_channels=3, image_size=(224, 224), num_classes=1000)


def macs(network: NetworkConfig, task: Task) -> int:
    return int(SizeTable(SPACE.skeleton(network, task)).macs([CELL])[0])


def test_the_imagenet_recipe_is_the_mobile_setting() -> None:
    network = load_train_recipe("imagenet-final").network
    assert (network.output, network.cells_per_stage, network.channels) == ("concat", 4, 44)
    assert macs(network, IMAGENET) == 570_129_472
    found = widest(SPACE, network, IMAGENET, CELL, 600_000_000)
    assert (found.channels, found.macs) == (44, 570_129_472)
    assert found.next_macs == macs(replace(network, channels=46), IMAGENET) > 600_000_000
    assert "channels 44: the largest even width within 600,000,000" in found.text


def test_the_paper_s_width_is_over_the_limit() -> None:
    network = replace(load_train_recipe("imagenet-final").network, channels=52)
    assert round(macs(network, IMAGENET) / 1e6) == 782


def test_it_is_the_widest() -> None:
    network, task = NetworkConfig(cells_per_stage=1), Task(in_channels=3, image_size=(8, 8), num_classes=10)
    counts = {c: macs(replace(network, channels=c), task) for c in range(2, 16, 2)}
    for limit in (counts[8] - 1, counts[12] + 1):
        found = widest(SPACE, network, task, CELL, limit)
        channels = max(c for c, count in counts.items() if count <= limit)
        assert (found.channels, found.macs, found.next_macs) == (channels, counts[channels], counts[channels + 2])


def test_an_impossible_limit_says_the_nearest_possible_one() -> None:
    network, task = NetworkConfig(cells_per_stage=1), Task(in_channels=3, image_size=(16, 16), num_classes=10)
    fewest = macs(replace(network, channels=2), task)
    with pytest.raises(SettingError, match=f"{fewest:,} multiply-adds; received {fewest - 1:,}"):
        widest(SPACE, network, task, CELL, fewest - 1)
    assert widest(SPACE, network, task, CELL, fewest).channels == 2
