"""Mobile networks that are built and run, their counts, drawings, and settings that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from bnao.cost.sizes import SizeTable
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.mobile import MobileSpace
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.testing.spaces import check_space

TASK = Task(in_channels=3, image_size=(17, 15), num_classes=4)
NETWORK = NetworkConfig(channels=4, output="project")
Make = Callable[..., MobileSpace]


@pytest.mark.parametrize(
    ("settings", "network"),
    [
        ({}, {}),
        ({"skip": False}, {"stem": "imagenet"}),
        ({"widths": "1,1", "strides": "1,1"}, {"dropout_keep": 0.6, "drop_path_keep": 0.7}),
        ({"widths": "2.5", "depths": "3", "strides": "2", "kernels": "7"}, {}),
        ({"widths": "1,0.5,2", "depths": "1,3,2", "strides": "2,1,1", "expansions": "6"}, {"stem": "cifar"}),
        ({"widths": "1", "depths": "1", "strides": "1", "kernels": "3", "expansions": "1"}, {}),
        ({"depths": "4,1"}, {"output": "concat"}),
    ],
)
def test_conformance(mobile: Make, settings: dict[str, Any], network: dict[str, Any]) -> None:
    config = NetworkConfig(**{"channels": 4, "output": "project", **network})
    check_space(mobile(**settings), config, TASK, num=3)


def test_conformance_with_grey_images(mobile: Make) -> None:
    check_space(mobile(), NETWORK, Task(in_channels=1, image_size=(8, 9), num_classes=2), num=2)


def test_shapes_and_one_block_by_hand(mobile: Make) -> None:
    space = mobile(widths="1,2", depths="1,1", strides="1,2", kernels="3,5", expansions="1,6")
    skeleton = space.skeleton(NetworkConfig(channels=8), Task(in_channels=3, image_size=(32, 32), num_classes=10))
    one = space.grammar.parse("0 | 4")  # identity, then 5x5 with expansion 6
    network = skeleton.build_standalone(one).module
    assert next(iter(network.state_dict())) == "stem.0.weight"
    block = 8 * 48 + 48 * 25 + 48 * 16 + 2 * (48 + 48 + 16)
    stem, head = 3 * 8 * 9 + 2 * 8, 16 * 64 + 2 * 64 + 64 * 10 + 10
    sizes = SizeTable(skeleton)
    assert sizes.num_params([one])[0] == stem + block + head == sum(p.numel() for p in network.parameters())
    assert sizes.num_chosen_params([one])[0] == block
    pixels = 32 * 32
    macs = pixels * 3 * 8 * 9 + pixels * 8 * 48 + pixels // 4 * (48 * 25 + 48 * 16 + 16 * 64) + 64 * 10
    assert sizes.macs([one])[0] == macs
    assert network(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize(("size", "stem", "side"), [(32, "auto", 32), (64, "auto", 32), (64, "cifar", 64)])
def test_the_stem_reduces_large_images(mobile: Make, size: int, stem: Any, side: int) -> None:
    task = Task(in_channels=3, image_size=(size, size), num_classes=3)
    skeleton = mobile().skeleton(NetworkConfig(channels=4, stem=stem), task)
    network: Any = skeleton.build_standalone(skeleton.grammar.nth(0)).module
    assert network.stem(torch.zeros(1, 3, size, size)).shape == (1, 4, side, side)


def test_the_bound_is_reached_and_one_call_counts_many(mobile: Make) -> None:
    space = mobile(depths="3,3")
    sizes = SizeTable(space.skeleton(NETWORK, TASK))
    everything = [space.grammar.nth(rank) for rank in range(space.grammar.count())]
    for chosen in (False, True):
        count = sizes.num_chosen_params if chosen else sizes.num_params
        assert count(everything).max() == sizes.max_params(chosen_only=chosen)
    some = everything[::97]
    assert sizes.num_params(some).tolist() == [int(sizes.num_params([a])[0]) for a in some]
    forms = [space.grammar.shuffle(a, generator(k)) for k, a in enumerate(some)]
    assert sizes.num_params(forms).tolist() == sizes.num_params(some).tolist()


def test_symmetric_forms_are_one_network_with_moved_weights(mobile: Make) -> None:
    space = mobile()
    skeleton = space.skeleton(NETWORK, TASK)
    one, other = space.grammar.parse("3 0 | 4 0"), space.grammar.parse("0 3 | 4 0")
    assert one != other and one.id == other.id
    a, b = (skeleton.build_standalone(form).module for form in (one, other))
    b.load_state_dict({name.replace("layers.0.", "layers.1."): tensor for name, tensor in a.state_dict().items()})
    x = torch.randn(2, *skeleton.image_shape)
    assert torch.equal(a.eval()(x), b.eval()(x))


def test_layers_have_weights_of_their_own(mobile: Make) -> None:
    space = mobile()
    supernet = Supernet(space.skeleton(NETWORK, TASK).build_supernet())
    first, second = (supernet.path(space.grammar.parse(text)) for text in ("3 0 | 4 0", "0 3 | 4 0"))
    shared = {id(p) for p in first.parameters()} & {id(p) for p in second.parameters()}
    names = {name.split(".")[1] for name, p in first.named_parameters() if id(p) not in shared}
    assert names == {"0"}
    with pytest.raises(AssertionError, match="unresolved choice"):
        supernet.root(torch.zeros(1, *TASK_SHAPE))


TASK_SHAPE = (3, 17, 15)


def test_drop_path_is_on_residual_branches_alone(mobile: Make) -> None:
    space = mobile()
    built = space.skeleton(NetworkConfig(channels=4, drop_path_keep=0.5), TASK).build_standalone(
        space.grammar.parse("2 2 | 2 2")
    )
    network: Any = built.module
    kinds = [type(layer.drop_path).__name__ for layer in network.layers]
    assert kinds == ["DropPath", "DropPath", "Identity", "DropPath"]
    built.progress.value = 1.0
    assert [round(network.layers[k].drop_path.keep(), 4) for k in (0, 1, 3)] == [0.875, 0.75, 0.5]


def test_drawing_graphs_and_choices(mobile: Make) -> None:
    space = mobile(expansions="1,6", kernels="3,7", depths="2,3")
    one = space.grammar.parse("1 0 | 4 2 0")
    assert space.draw(one).splitlines() == [
        "  stem     C              conv_3x3",
        "  stage 1  C              mbconv1_3x3 → identity",
        "  stage 2  2 C, stride 2  mbconv6_7x7 → mbconv6_3x3 → identity",
        "  head                    conv_1x1 → pool → linear",
    ]
    first, second = space.graph(one)
    assert (first.title, second.title) == ("stage 1, width C", "stage 2, width 2 C, stride 2")
    assert [row.text for node in second.nodes for row in node.rows] == ["mbconv6 7x7", "mbconv6 3x3", "identity"]
    assert [(edge.source, edge.target) for edge in first.edges] == [("input", "1"), ("1", "2"), ("2", "output")]
    assert [choice.option for choice in space.choices(one)][2:] == ["mbconv6_7x7", "mbconv6_3x3", "identity"]
    assert len(space.all_choices()) == 4 * 5 + 4
    long = mobile(depths="40,2")
    assert max(map(len, long.draw(long.grammar.nth(long.grammar.count() - 1)).splitlines())) <= 80


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"widths": "1,2,3"}, ["one number for each stage", "3 widths, 2 depths, 2 strides", "as many of each"]),
        ({"widths": "1,x"}, ["widths are numbers", "'1,x'", "1,2,4"]),
        ({"widths": "0,1"}, ["widths are above 0", "'0,1'", "change 0"]),
        ({"widths": "1,1001"}, ["at most 1,000", "change 1001"]),
        ({"depths": "2,"}, ["depths are whole numbers", "'2,'"]),
        ({"depths": "2,1.5"}, ["depths are whole numbers", "'2,1.5'"]),
        ({"depths": "2,0"}, ["depths are whole numbers from 1 to 200", "change 0"]),
        ({"depths": "150,150"}, ["add up to at most 200 layers", "300", "smaller depths"]),
        ({"strides": "1,3"}, ["strides are whole numbers from 1 to 2", "change 3"]),
        ({"kernels": "3,4"}, ["kernels are odd numbers from 3 to 31", "change 4"]),
        ({"kernels": "3,3"}, ["kernels are distinct", "name each once"]),
        ({"expansions": "6,65"}, ["expansions are whole numbers from 1 to 64", "change 65"]),
        ({"expansions": ""}, ["expansions are whole numbers", "''"]),
        ({"expansions": "9" * 5000}, ["at most 9 digits"]),
        ({"nodes": 4}, ["'mobile' does not read nodes", "nodes = 4", "its default, 5"]),
        ({"operations": "middle"}, ["'mobile' does not read operations", "= middle", "its default, small"]),
        (
            {"widths": "2", "depths": "1", "strides": "1", "kernels": "3", "expansions": "6"},
            ["at least two architectures", "1 candidate block", "more kernels or expansions"],
        ),
    ],
)
def test_settings_that_are_refused(mobile: Make, settings: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        mobile(**settings)
    assert [words for words in says if words not in str(caught.value)] == [], str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (
            {"auxiliary": True},
            "'mobile' does not read auxiliary; received auxiliary = true: set it to its default, false",
        ),
        ({"cells_per_stage": 6}, "cells_per_stage = 6: set it to its default, 3"),
        ({"channels": 2}, "received '0.75 x 2 channels': make channels a multiple of 4"),
    ],
)
def test_network_settings_that_are_refused(mobile: Make, network: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        mobile(widths="0.75,2").skeleton(NetworkConfig(**({"channels": 4} | network)), TASK)


def test_other_refusals(mobile: Make) -> None:
    with pytest.raises(SettingError, match="no symmetric sides"):
        mobile().skeleton(NETWORK, TASK).build_supernet(share_sides=True)
    for field, value in (("widths", "1,2,8"), ("skip", False), ("kernels", "3")):
        with pytest.raises(SettingError, match=f"'nao_cell' does not read {field}"):
            NaoCellSpace(SpaceConfig(**{field: value}))  # type: ignore[arg-type]
