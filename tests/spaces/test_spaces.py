"""Every registered space against the conformance suite."""

from __future__ import annotations

import pytest

from bnao.errors import SettingError
from bnao.rng import generator
from bnao.spaces import load_spaces
from bnao.spaces.base import SPACES, make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.task import Task
from bnao.testing.spaces import check_space

load_spaces()
TASK = Task(in_channels=3, image_size=(17, 15), num_classes=4)


OTHERS = [name for name in SPACES.names() if name != "nao_cell"]
"""Spaces of another kind have tests of their own; here they stand with their defaults."""
CELLS = [("nao_cell", *sizes) for sizes in (("small", 5), ("middle", 3), ("sep_conv_3x3,zero", 1))]


@pytest.mark.parametrize("output", ["concat", "project"])
@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
@pytest.mark.parametrize("name, operations, nodes", CELLS)
def test_conformance(name: str, output: str, stem: str, operations: str, nodes: int) -> None:
    space = make_space(SpaceConfig(name=name, operations=operations, nodes=nodes))
    assert space.name == name
    network = NetworkConfig(cells_per_stage=1, channels=4, output=output, stem=stem)  # type: ignore[arg-type]
    check_space(space, network, TASK)


@pytest.mark.parametrize("name", OTHERS)
def test_conformance_of_other_spaces(name: str) -> None:
    space = make_space(SpaceConfig(name=name))
    assert space.name == name
    check_space(space, NetworkConfig(channels=4, output="project"), TASK)


def test_conformance_with_dropout_auxiliary_head_and_grey_images() -> None:
    space = make_space(SpaceConfig(nodes=2))
    network = NetworkConfig(
        cells_per_stage=1, channels=4, auxiliary=True, output="project", dropout_keep=0.6, drop_path_keep=0.8
    )
    check_space(space, network, Task(in_channels=1, image_size=(32, 30), num_classes=3), num=2)


def test_unknown_names() -> None:
    with pytest.raises(SettingError, match="did you mean 'nao_cell'"):
        make_space(SpaceConfig(name="nao_cel"))
    with pytest.raises(SettingError, match="did you mean 'small'"):
        make_space(SpaceConfig(operations="smal"))
    with pytest.raises(SettingError, match="did you mean 'zero'"):
        make_space(SpaceConfig(operations="identity,zro"))
    with pytest.raises(SettingError, match="distinct"):
        make_space(SpaceConfig(operations="zero,zero"))


def test_ranks_are_the_distinct_architectures() -> None:
    grammar = make_space(SpaceConfig(operations="sep_conv_3x3,zero", nodes=1)).grammar
    everything = {grammar.nth(rank).id for rank in range(grammar.count())}
    assert len(everything) == grammar.count()
    assert {a.id for a in grammar.sample(100, generator(0))} <= everything
    assert {a.id for a in grammar.sample_distinct(grammar.count() + 1, generator(1))} == everything
