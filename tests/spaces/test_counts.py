"""The exact counts of METHOD and of the paper's networks: parameters and multiply-adds."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from bnao.cost.sizes import SizeTable
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED, NaoCellSpace
from bnao.task import Task

CIFAR = Task(in_channels=3, image_size=(32, 32), num_classes=10)
IMAGENET = Task(in_channels=3, image_size=(224, 224), num_classes=1000)
SPACE = NaoCellSpace(SpaceConfig())
FIVE = [
    ("0 2 0 2 2 1 2 3 1 1 0 1 1 0 0 1 3 4 0 0 | 0 1 1 3 2 4 2 4 3 0 1 0 1 3 4 4 4 1 5 3", 614_870, 597_510),
    ("0 1 0 0 2 0 2 2 2 2 0 3 3 4 4 3 2 0 4 3 | 0 1 1 2 1 1 2 4 0 1 0 2 1 1 3 4 5 1 0 0", 536_550, 494_710),
    ("1 1 0 3 1 1 1 2 3 3 3 3 0 1 3 1 4 3 1 2 | 1 4 1 1 1 0 1 0 1 3 0 1 1 0 3 1 3 4 5 4", 593_430, 543_590),
    ("1 4 0 4 0 3 2 0 2 4 0 4 4 0 0 1 0 0 4 2 | 1 2 1 0 2 1 2 0 3 2 0 4 1 2 3 1 5 4 3 1", 518_470, 476_630),
    ("1 1 0 0 1 3 1 0 2 1 2 2 2 1 3 2 3 1 1 3 | 1 2 0 0 2 3 1 2 2 3 3 1 3 1 3 3 3 3 0 0", 663_350, 613_510),
]
UNUSED = f"{' '.join(['1 0'] * 10)} | {' '.join(['1 0'] * 10)}"


def table(task: Task, cells: int, channels: int, output: str, auxiliary: bool = False) -> SizeTable:
    network = NetworkConfig(cells_per_stage=cells, channels=channels, output=output, auxiliary=auxiliary)  # type: ignore[arg-type]
    return SizeTable(SPACE.skeleton(network, task))


@pytest.mark.parametrize(
    "task, cells, channels, output, num_params, with_auxiliary, macs",
    [
        (CIFAR, 6, 36, "concat", 4_387_654, 4_864_080, 684_238_464),
        (IMAGENET, 4, 52, "concat", 7_026_850, 8_297_354, 782_069_184),
        (IMAGENET, 4, 48, "concat", 6_077_344, None, None),
        (IMAGENET, 4, 44, "concat", None, None, 570_129_472),
        (CIFAR, 6, 36, "project", 3_834_478, 4_255_608, 590_009_760),
        (IMAGENET, 4, 52, "project", 5_714_682, 6_905_314, 681_808_192),
    ],
)
def test_published_architecture(
    task: Task,
    cells: int,
    channels: int,
    output: str,
    num_params: int | None,
    with_auxiliary: int | None,
    macs: int | None,
) -> None:
    one = [SPACE.grammar.parse(PUBLISHED)]
    for auxiliary in (False, True):
        sizes = table(task, cells, channels, output, auxiliary)
        assert num_params in (None, sizes.num_params(one)[0])
        assert macs in (None, sizes.macs(one)[0])
    assert with_auxiliary in (None, sizes.num_params_with_auxiliary(one)[0])


@pytest.mark.parametrize("text, concat, project", FIVE)
def test_five_random_architectures(text: str, concat: int, project: int) -> None:
    one = [SPACE.grammar.parse(text)]
    assert table(CIFAR, 3, 20, "concat").num_params(one)[0] == concat
    assert table(CIFAR, 3, 20, "project").num_params(one)[0] == project


@pytest.mark.parametrize(
    "output, num_params, macs", [("concat", 1_122_550, 172_466_880), ("project", 1_010_310, 149_115_680)]
)
def test_unused_inputs_in_both_cells(output: str, num_params: int, macs: int) -> None:
    sizes, one = table(CIFAR, 3, 20, output), [SPACE.grammar.parse(UNUSED)]
    assert (sizes.num_params(one)[0], sizes.macs(one)[0]) == (num_params, macs)


def test_whole_supernet_and_its_parts() -> None:
    skeleton = SPACE.skeleton(NetworkConfig(cells_per_stage=3, channels=20, output="project"), CIFAR)
    with torch.device("meta"):
        root = skeleton.build_supernet().module
    parts: Counter[str] = Counter()
    for name, parameter in root.named_parameters():
        parts[name.split(".")[2] if name.startswith("cells.") else name.split(".")[0]] += parameter.numel()
    assert parts == {
        "stem": 1_740,
        "calibrations": 16_440,
        "candidates": 7_118_400,
        "reductions": 16_480,
        "projection": 233_480,
        "head": 810,
    }
    assert parts.total() == 7_387_350


def test_a_thousand_sizes_in_one_call() -> None:
    sizes, drawn = table(CIFAR, 3, 20, "concat"), SPACE.grammar.sample(1000, generator(0))
    together = sizes.num_params(drawn)
    assert together.tolist() == [int(sizes.num_params([a])[0]) for a in drawn]
