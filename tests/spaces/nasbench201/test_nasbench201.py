"""The space of NAS-Bench-201: texts, counts of the published networks, what it refuses."""

from __future__ import annotations

import pytest

from bnao.cost.sizes import SizeTable
from bnao.errors import ArchitectureError, SettingError
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nasbench201 import NasBench201Space
from bnao.task import Task
from bnao.testing.spaces import check_space

SPACE = NasBench201Space(SpaceConfig(name="nasbench201"))
GRAMMAR = SPACE.grammar
CIFAR = Task(in_channels=3, image_size=(32, 32), num_classes=10)

PUBLISHED = [  # from the benchmark's own table
    (
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
        129_306,
        15_647_360,
    ),
    (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
        802_426,
        113_951_360,
    ),
    (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
        1_531_546,
        220_119_680,
    ),
    (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|",
        1_073_466,
        153_272_960,
    ),
]


@pytest.mark.parametrize("text, num_params, macs", PUBLISHED)
def test_counts_of_the_benchmark(text: str, num_params: int, macs: int) -> None:
    sizes = SizeTable(SPACE.skeleton(NetworkConfig(cells_per_stage=5, channels=16), CIFAR))
    architecture = GRAMMAR.parse(text)
    assert GRAMMAR.benchmark_text(architecture) == text
    assert sizes.num_params([architecture])[0] == num_params
    assert sizes.macs([architecture])[0] == macs


@pytest.mark.parametrize("size", [(32, 32), (9, 7)])
@pytest.mark.parametrize("cells", [1, 2])
def test_conformance_at_other_scales(size: tuple[int, int], cells: int) -> None:
    network = NetworkConfig(cells_per_stage=cells, channels=6, output="project", drop_path_keep=0.8, dropout_keep=0.9)
    check_space(SPACE, network, Task(in_channels=1, image_size=size, num_classes=3), num=3)


def test_both_text_forms_are_read() -> None:
    one = GRAMMAR.parse("3 | 0 1 | 0 2 4")
    assert GRAMMAR.parse(GRAMMAR.benchmark_text(one)) == one
    assert str(one) == "3 | 0 1 | 0 2 4"


@pytest.mark.parametrize(
    "text, match",
    [
        ("3 0 1 0 2 4", "parts of 1, 2 and 3"),
        ("3 | 0 1 | 0 2 5", "received 5 on the edge from state 2 to 3"),
        ("3 | 0 1 | 0 2 x", "numbers from 0 to 4"),
        ("|nor_conv_3x3~0|+|none~0|+|none~0|none~1|none~2|", "nodes of 1, 2 and 3"),
        ("|nor_conv_3x3~0|+|none~1|none~0|+|none~0|none~1|none~2|", "write them in order"),
        ("|nor_conv_3x4~0|+|none~0|none~1|+|none~0|none~1|none~2|", "did you mean 'nor_conv_3x3'"),
    ],
)
def test_bad_texts(text: str, match: str) -> None:
    with pytest.raises(ArchitectureError, match=match):
        GRAMMAR.parse(text)


def test_what_the_space_has_not_is_refused() -> None:
    with pytest.raises(SettingError, match="does not read nodes"):
        NasBench201Space(SpaceConfig(name="nasbench201", nodes=4))
    with pytest.raises(SettingError, match="does not read auxiliary"):
        SPACE.skeleton(NetworkConfig(auxiliary=True), CIFAR)
    with pytest.raises(SettingError, match="stem"):
        SPACE.skeleton(NetworkConfig(stem="imagenet"), CIFAR)
    with pytest.raises(SettingError, match="no symmetric sides"):
        SPACE.skeleton(NetworkConfig(), CIFAR).build_supernet(share_sides=True)


def test_edges_that_lead_nowhere_are_drawn_in_brackets() -> None:
    cell = GRAMMAR.parse("3 | 0 0 | 1 0 2")
    assert "[nor_conv_3x3(0)]" in SPACE.draw(cell)
    (graph,) = SPACE.graph(cell)
    assert [len(node.rows) for node in graph.nodes] == [0, 1, 0, 2]
